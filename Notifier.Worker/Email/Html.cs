using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Notifier.Worker.Email.Templates;

namespace Notifier.Worker.Email;

/// <summary>
/// Markup that is safe by construction: it is made from interpolated strings only, whose literal parts are ours and whose holes are escaped,
/// save where they hold <see cref="Html"/> already. There is no way to make it from a plain string.
/// </summary>
internal readonly struct Html
{
    public static readonly Html Empty;

    private readonly string? _markup;

    private Html(string markup) => _markup = markup;

    public static Html Of(Template template) => new(template.Finish());

    public static Html Each<T>(IEnumerable<T> items, Func<T, Html> write) => new(string.Concat(items.Select(item => write(item)._markup)));

    /// <summary>Text whose line breaks stay. <c>white-space: pre-line</c> would do, but not in Outlook.</summary>
    public static Html Lines(string text) => new(string.Join("<br>", text.Split('\n').Select(WebUtility.HtmlEncode)));

    public override string ToString() => _markup ?? "";

    [InterpolatedStringHandler]
    internal readonly struct Template(int literalLength, int holes)
    {
        private readonly StringBuilder _markup = new(literalLength + (holes * 16));

        public void AppendLiteral(string markup) => _markup.Append(markup);

        public void AppendFormatted(Html markup) => _markup.Append(markup);

        public void AppendFormatted(string? text) => _markup.Append(WebUtility.HtmlEncode(text));

        public void AppendFormatted(Phrase phrase) => _markup.Append(phrase.ToHtml(Liquid.Markup));

        public void AppendFormatted(int number) => _markup.Append(number);

        internal string Finish() => _markup.ToString();
    }
}
