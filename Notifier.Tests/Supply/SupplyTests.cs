using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Notifier.Tests.Docs;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Supply;

/// <summary>What is in it, and that it is what was looked at.</summary>
public sealed partial class SupplyTests
{
    private static readonly string Root = Repository.File("");

    private static string[] Locks(string name) => [.. Directory.GetDirectories(Root, "Notifier.*").Select(d => Path.Combine(d, name)).Where(File.Exists).Order(StringComparer.Ordinal)];

    private static IEnumerable<(string File, string Name, string Version, string Hash)> NuGet() =>
        from file in Locks("packages.lock.json")
        from framework in JsonNode.Parse(File.ReadAllText(file))!["dependencies"]!.AsObject()
        from package in framework.Value!.AsObject()
        where (string?)package.Value!["type"] != "Project"
        select (file, package.Key, (string)package.Value!["resolved"]!, (string)package.Value!["contentHash"]!);

    private static IEnumerable<(string Name, string Version)> Npm() =>
        from file in Locks("package-lock.json")
        from package in JsonNode.Parse(File.ReadAllText(file))!["packages"]!.AsObject()
        where package.Key.Length > 0
        select (package.Key[(package.Key.LastIndexOf("node_modules/", StringComparison.Ordinal) + "node_modules/".Length)..], (string)package.Value!["version"]!);

    [Fact]
    public void Every_project_has_a_lock_file_with_a_hash_for_each_package_and_no_registry_in_it()
    {
        var projects = Directory.GetFiles(Root, "*.csproj", SearchOption.AllDirectories).Select(p => Path.GetDirectoryName(p)!).Order(StringComparer.Ordinal);
        Assert.Equal(projects.Select(p => Path.Combine(p, "packages.lock.json")), Locks("packages.lock.json"));
        Assert.All(NuGet(), p => Assert.Equal(64, Convert.FromBase64String(p.Hash).Length));
        Assert.Equal(2, Locks("package-lock.json").Length);
        foreach (var file in Locks("packages.lock.json").Concat(Locks("package-lock.json")))
            Assert.DoesNotMatch(Registry(), File.ReadAllText(file));
    }

    [Theory]
    [InlineData("MimeKit", "4.15.1", "CRLF injection in header parameters")]
    [InlineData("MailKit", "4.16.0", "STARTTLS response injection: what came before TLS was read as after it")]
    [InlineData("Npgsql", "8.0.3", "CVE-2024-32655: SQL injection by message size overflow")]
    [InlineData("Newtonsoft.Json", "13.0.1", "CVE-2024-21907: deep nesting ends the process")]
    [InlineData("Hangfire.PostgreSql", "1.21.1", "a listener that never healed")]
    [InlineData("Fluid.Core", "2.41.1", "templates of sites run in it: bounds of steps and recursion")]
    [InlineData("idunno.Authentication.Basic", "2.3.1", "lets operators in")]
    public void No_lock_file_has_a_version_below_the_one_that_is_safe(string name, string floor, string reason)
    {
        var found = NuGet().Where(p => p.Name == name).ToArray();

        Assert.NotEmpty(found);
        Assert.All(found, p => Assert.True(Version.Parse(p.Version.Split('-')[0]) >= Version.Parse(floor), $"{p.File} has {name} {p.Version}; {floor} is needed: {reason}"));
    }

    [Fact]
    public async Task The_bill_of_materials_is_CycloneDX_and_lists_every_package_of_every_lock_file()
    {
        var text = await Tool.RunAsync(Root, "/usr/bin/python3", Path.Combine(Root, "scripts", "sbom.py"), Root);
        Assert.Equal(text, await Tool.RunAsync(Root, "/usr/bin/python3", Path.Combine(Root, "scripts", "sbom.py"), Root)); // the same twice
        var bom = JsonNode.Parse(text)!;
        Assert.Equal(("CycloneDX", "1.6", 1), ((string)bom["bomFormat"]!, (string)bom["specVersion"]!, (int)bom["version"]!));
        Assert.Matches("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", (string)bom["serialNumber"]!);
        var components = bom["components"]!.AsArray();
        Assert.All(components, c =>
        {
            Assert.Equal("library", (string?)c!["type"]);
            Assert.NotEmpty((string)c["name"]!);
            Assert.Contains((string)c["scope"]!, (string[])["required", "excluded"]);
            Assert.All(c["hashes"]?.AsArray() ?? [], h => Assert.Matches("^[0-9a-f]{128}$", (string)h!["content"]!));
        });
        var purls = components.Select(c => (string)c!["purl"]!).ToArray();
        Assert.Equal(purls.Distinct(), purls);
        Assert.Equal(
            NuGet().Select(p => $"pkg:nuget/{p.Name}@{p.Version}").Concat(Npm().Select(p => $"pkg:npm/{p.Name.Replace("@", "%40", StringComparison.Ordinal)}@{p.Version}")).Distinct().Order(StringComparer.Ordinal),
            purls.Order(StringComparer.Ordinal));
        Assert.All(bom["dependencies"]!.AsArray(), d => Assert.All(d!["dependsOn"]!.AsArray(), on => Assert.Contains((string)on!, purls)));

        string Scope(string name) => (string)components.Single(c => (string?)c!["name"] == name)!["scope"]!;
        Assert.Equal(("required", "required", "excluded", "excluded"), (Scope("MailKit"), Scope("Newtonsoft.Json"), Scope("CsCheck"), Scope("puppeteer-core")));
    }

    [Fact]
    public async Task It_is_valid_by_the_schema_that_CycloneDX_publishes()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var text = await Tool.RunAsync(Root, "/usr/bin/python3", Path.Combine(Root, "scripts", "sbom.py"), Root);
            Assert.Equal("valid", await ValidateAsync(text));
            Assert.Contains("/components/0/type must be equal to one of the allowed values", await ValidateAsync(text.Replace("\"type\": \"library\"", "\"type\": \"libraries\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        async Task<string> ValidateAsync(string bom)
        {
            var file = Path.Combine(folder.FullName, "bom.json");
            await File.WriteAllTextAsync(file, bom, TestContext.Current.CancellationToken);
            return (await NodeScript.RunAsync("Supply/validate_sbom.mjs", file)).Trim();
        }
    }

    [GeneratedRegex(@"https?://(?!github\.com|opencollective\.com|www\.patreon\.com|feross\.org|tidelift\.com|paypal\.me|owasp\.org)|\bresolved"": ""http", RegexOptions.IgnoreCase)]
    private static partial Regex Registry();
}
