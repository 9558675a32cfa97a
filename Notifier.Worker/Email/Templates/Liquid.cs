using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Fluid;
using Fluid.Ast;
using Fluid.Values;

namespace Notifier.Worker.Email.Templates;

/// <summary>Fluid, told what a template may see and how long it may run.</summary>
internal static class Liquid
{
    // A digest of 100 conversations with 10 messages each takes about 20,000.
    private const int MostSteps = 200_000;
    private const int DeepestRecursion = 20;
    private const int LongestOutput = 1024 * 1024;

    private static readonly FluidParser Parser = new();

    private static readonly TemplateOptions Options = MakeOptions();

    // What is no markup stays as it is: a mail in Arabic would be three times as long otherwise.
    public static readonly HtmlEncoder Markup = HtmlEncoder.Create(UnicodeRanges.All);

    /// <exception cref="FormatException">It does not parse; the message says where.</exception>
    public static IFluidTemplate Parse(string source)
    {
        if (!Parser.TryParse(source, out var template, out var error)) throw new FormatException(error);
        return new Bounds().VisitTemplate(template);
    }

    /// <returns>Null: it is far too long.</returns>
    public static string? Html(IFluidTemplate template, EmailModel model, CultureInfo culture) => Render(template, model, culture, Markup);

    /// <returns>Null: it is far too long.</returns>
    public static string? Text(IFluidTemplate template, EmailModel model, CultureInfo culture) => Render(template, model, culture, NullEncoder.Default);

    private static string? Render(IFluidTemplate template, EmailModel model, CultureInfo culture, TextEncoder encoder)
    {
        using var output = new BoundedWriter(LongestOutput);
        // Into memory, and no filter of ours waits: it has ended when it returns.
        try
        {
            template.RenderAsync(output, new TemplateContext(model, Options) { CultureInfo = culture }, encoder, isolateContext: false).AsTask().GetAwaiter().GetResult();
            return output.ToString();
        }
        catch (InvalidOperationException) when (output.IsFull)
        {
            return null;
        }
    }

    private static TemplateOptions MakeOptions()
    {
        var options = new TemplateOptions { MaxSteps = MostSteps, MaxRecursion = DeepestRecursion };
        options.MemberAccessStrategy.MemberNameStrategy = MemberNameStrategies.SnakeCase;
        options.MemberAccessStrategy.Register<EmailModel>();
        options.MemberAccessStrategy.Register<SiteModel>();
        options.MemberAccessStrategy.Register<RecipientModel>();
        options.MemberAccessStrategy.Register<ConversationModel>();
        options.MemberAccessStrategy.Register<MessageModel>();
        options.MemberAccessStrategy.Register<WordsModel>();
        options.MemberAccessStrategy.Register<LinksModel>();
        options.Assigned = (_, value, _) => Bounded(value);
        options.Captured = (_, value, _) => Bounded(value);
        options.ValueConverters.Add(value => value is Phrase phrase ? new PhraseValue(phrase) : null);
        return options;
    }

    // Fluid counts steps, not what one step makes: a string can be doubled at each.
    private static ValueTask<FluidValue> Bounded(FluidValue value) => value is StringValue && value.ToStringValue().Length > LongestOutput
        ? throw new InvalidOperationException($"a text in it is longer than {LongestOutput} characters") : ValueTask.FromResult(value);

    // Fluid makes all numbers of a range before it looks at the first.
    private sealed class Bounds : AstRewriter
    {
        protected override Expression VisitRangeExpression(RangeExpression rangeExpression) => new Range(rangeExpression);

        private sealed class Range(RangeExpression range) : Expression
        {
            public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
            {
                var length = (await range.To.EvaluateAsync(context)).ToNumberValue() - (await range.From.EvaluateAsync(context)).ToNumberValue();
                return length < MostSteps ? await range.EvaluateAsync(context) : throw new InvalidOperationException($"a range in it is longer than {MostSteps}");
            }
        }
    }

    private sealed class BoundedWriter(int most) : StringWriter(CultureInfo.InvariantCulture)
    {
        public bool IsFull { get; private set; }

        public override void Write(char value) => base.Write(Within(1, value));

        public override void Write(string? value) => base.Write(Within(value?.Length ?? 0, value));

        public override void Write(char[] buffer, int index, int count) => base.Write(Within(count, buffer), index, count);

        public override void Write(ReadOnlySpan<char> buffer)
        {
            Within(buffer.Length, 0);
            base.Write(buffer);
        }

        private T Within<T>(int length, T value)
        {
            if (GetStringBuilder().Length + length <= most) return value;
            IsFull = true;
            throw new InvalidOperationException("there is no more room");
        }
    }
}
