using System.Globalization;
using System.Text.Encodings.Web;
using Fluid;
using Fluid.Values;

namespace Notifier.Worker.Email.Templates;

/// <summary>A <see cref="Phrase"/> in a template: markup in an HTML template, text in any other, and text to every filter.</summary>
internal sealed class PhraseValue(Phrase phrase) : FluidValue
{
    public override FluidValues Type => FluidValues.String;

    public override bool Equals(FluidValue other) => other.ToStringValue() == ToStringValue();

    public override bool ToBooleanValue() => true;

    public override decimal ToNumberValue() => 0;

    public override string ToStringValue() => phrase.ToString();

    public override object ToObjectValue() => phrase.ToString();

    public override ValueTask WriteToAsync(TextWriter writer, TextEncoder encoder, CultureInfo cultureInfo)
    {
        writer.Write(encoder is HtmlEncoder ? phrase.ToHtml(encoder) : phrase.ToString());
        return ValueTask.CompletedTask;
    }

    public override bool Equals(object? obj) => obj is FluidValue other && Equals(other);

    public override int GetHashCode() => ToStringValue().GetHashCode(StringComparison.Ordinal);
}
