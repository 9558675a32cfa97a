using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Fluid;

namespace Notifier.Worker.Email.Templates;

/// <summary>Fluid, told what a template may see and how long it may run.</summary>
internal static class Liquid
{
    // A digest of 100 conversations with 10 messages each takes about 20,000.
    private const int MostSteps = 200_000;
    private const int DeepestRecursion = 20;
    private const int LongestOutput = 4 * 1024 * 1024;

    private static readonly FluidParser Parser = new();

    private static readonly TemplateOptions Options = MakeOptions();

    // What is no markup stays as it is: a mail in Arabic would be three times as long otherwise.
    private static readonly HtmlEncoder Markup = HtmlEncoder.Create(UnicodeRanges.All);

    /// <exception cref="FormatException">It does not parse; the message says where.</exception>
    public static IFluidTemplate Parse(string source) => Parser.TryParse(source, out var template, out var error) ? template : throw new FormatException(error);

    public static string Html(IFluidTemplate template, EmailModel model, CultureInfo culture) => Render(template, model, culture, Markup);

    public static string Text(IFluidTemplate template, EmailModel model, CultureInfo culture) => Render(template, model, culture, NullEncoder.Default);

    private static string Render(IFluidTemplate template, EmailModel model, CultureInfo culture, TextEncoder encoder)
    {
        using var output = new BoundedWriter(LongestOutput);
        // Into memory, and no filter of ours waits: it has ended when it returns.
        template.RenderAsync(output, new TemplateContext(model, Options) { CultureInfo = culture }, encoder, isolateContext: false).AsTask().GetAwaiter().GetResult();
        return output.ToString();
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
        options.ValueConverters.Add(value => value is Phrase phrase ? new PhraseValue(phrase) : null);
        return options;
    }

    private sealed class BoundedWriter(int most) : StringWriter(CultureInfo.InvariantCulture)
    {
        public override void Write(char value) => base.Write(Within(1, value));

        public override void Write(string? value) => base.Write(Within(value?.Length ?? 0, value));

        public override void Write(char[] buffer, int index, int count) => base.Write(Within(count, buffer), index, count);

        public override void Write(ReadOnlySpan<char> buffer)
        {
            Within(buffer.Length, 0);
            base.Write(buffer);
        }

        private T Within<T>(int length, T value) =>
            GetStringBuilder().Length + length <= most ? value : throw new InvalidOperationException($"what it writes is longer than {most} characters");
    }
}
