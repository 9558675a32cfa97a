using System.Text.Json;
using Notifier.Domain.Email;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email.Templates;
using Xunit;

namespace Notifier.Tests.Email.Templates;

public sealed class PluralRulesTests
{
    [Fact]
    public async Task Every_count_takes_the_form_that_unicode_says()
    {
        string[] languages = ["en", "de", "fr", "fr-CA", "es", "pt", "pt-PT", "ar", "ja", "it", "ca", "nl", "sv", "zh", "ko", "ru", "uk", "pl", "cs", "sk", "he"];

        foreach (var (language, rules) in await UnicodeAsync(languages))
            foreach (var (count, category) in rules.Counts)
                Assert.True(category == Name(PluralRules.Of(language, long.Parse(count, null))), $"{language} {count}: {category}");
    }

    [Fact]
    public async Task What_is_shipped_has_every_form_its_language_needs_and_says_everything()
    {
        var english = Shipped.English;
        foreach (var (language, rules) in await UnicodeAsync([.. Shipped.Locales]))
        {
            var words = Shipped.Words(language)!;
            Assert.Equal(english.Patterns.Keys.Order(), words.Patterns.Keys.Order());
            foreach (var (key, forms) in words.Patterns.Where(p => english.Patterns[p.Key].Count > 1))
                Assert.True(language == "ja" || rules.Categories.Order().SequenceEqual(forms.Keys.Select(Name).Order()), $"{language} {key}");
        }
    }

    [Fact]
    public void A_translation_speaks_of_nothing_that_english_does_not()
    {
        foreach (var words in Shipped.Locales.Select(tag => Shipped.Words(tag)!))
            foreach (var (key, forms) in words.Patterns)
            {
                var meant = Holes(Shipped.English.Patterns[key][PluralCategory.Other]);
                Assert.All(forms, form => Assert.Subset(meant, Holes(form.Value)));
                Assert.Equal(meant, Holes(forms[PluralCategory.Other]));
            }
    }

    private static HashSet<string> Holes(string pattern) => [.. pattern.Split('{').Skip(1).Select(part => part.Split('}')[0])];

    private static string Name(PluralCategory category) => category.ToString().ToLowerInvariant();

    private static async Task<Dictionary<string, Rules>> UnicodeAsync(string[] languages) =>
        JsonSerializer.Deserialize<Dictionary<string, Rules>>(await NodeScript.RunAsync("Email/Templates/plural_rules.mjs", languages), JsonSerializerOptions.Web)!;

    private sealed record Rules(string[] Categories, Dictionary<string, string> Counts);
}
