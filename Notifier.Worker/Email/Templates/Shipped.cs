using System.Reflection;
using Fluid;

namespace Notifier.Worker.Email.Templates;

/// <summary>The templates and words in this program.</summary>
internal static class Shipped
{
    /// <summary>The languages there are words in; English, which the others fall back to, first.</summary>
    public static IReadOnlyList<string> Locales { get; } = ["en", "de", "fr", "es", "pt", "ar", "ja"];

    private static readonly Dictionary<string, WordFile> Files = Locales.ToDictionary(tag => tag, tag => WordFile.Parse(tag, Read($"words.{tag}.json")));

    public static IFluidTemplate Html { get; } = Liquid.Parse(Read("html.liquid"));

    public static IFluidTemplate Text { get; } = Liquid.Parse(Read("text.liquid"));

    public static WordFile English => Files["en"];

    public static WordFile? Words(string tag) => Files.GetValueOrDefault(tag);

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"templates/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
