using System.Text.RegularExpressions;
using Notifier.Tests.Docs;
using YamlDotNet.RepresentationModel;

namespace Notifier.Tests.Supply;

/// <summary>The images and docker-compose.yml, as far as they can be looked at without an engine: everything they name is there.</summary>
public sealed partial class ImageTests
{
    private static readonly string Settings = File.ReadAllText(Repository.File("docs/configuration.md"));

    private static readonly YamlMappingNode Compose = Load();

    public static TheoryData<string> Services => [.. Map(Compose, "services")!.Children.Keys.Select(k => k.ToString())];

    [Theory]
    [InlineData("Worker")]
    [InlineData("Relay")]
    public void An_image_is_built_apart_from_what_runs_and_runs_as_nobody_with_a_check(string program)
    {
        var file = File.ReadAllText(Repository.File($"Notifier.{program}/Dockerfile"));
        var stages = From().Matches(file);
        Assert.Equal(2, stages.Count);
        Assert.StartsWith("mcr.microsoft.com/dotnet/sdk:", stages[0].Groups[1].Value, StringComparison.Ordinal);
        Assert.StartsWith("mcr.microsoft.com/dotnet/aspnet:", stages[1].Groups[1].Value, StringComparison.Ordinal);
        var runs = file[stages[1].Index..];
        Assert.Contains("\nUSER $APP_UID\n", runs, StringComparison.Ordinal);
        Assert.Contains("\nHEALTHCHECK ", runs, StringComparison.Ordinal);
        Assert.Contains("/health/live", runs, StringComparison.Ordinal);
        Assert.DoesNotContain("\nRUN ", runs, StringComparison.Ordinal);
        Assert.Contains("--locked-mode", file, StringComparison.Ordinal);
        var ignored = File.ReadAllLines(Repository.File(".dockerignore"));
        foreach (var source in Copy().Matches(file[..stages[1].Index]).SelectMany(m => m.Groups[1].Value.Split(' ')))
        {
            Assert.True(Path.Exists(Repository.File(source)), $"{source} is not there");
            Assert.DoesNotContain(source, ignored);
        }
        // Every project that it is built from, with its lock file.
        foreach (Match project in Reference().Matches(File.ReadAllText(Repository.File($"Notifier.{program}/Notifier.{program}.csproj"))))
            Assert.Contains($"{project.Groups[1].Value}/packages.lock.json", file, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void A_service_names_an_image_or_a_file_that_is_there_and_only_settings_that_there_are(string name)
    {
        var service = Map(Map(Compose, "services")!, name)!;
        var built = Map(service, "build");
        if (built is not null)
        {
            Assert.True(File.Exists(Repository.File(Text(built, "dockerfile")!)), "its Dockerfile");
            Assert.Equal(".", Text(built, "context"));
            Assert.Equal("true", Text(service, "read_only"));
            Assert.Equal(["ALL"], Texts(service, "cap_drop"));
            Assert.Equal(["no-new-privileges:true"], Texts(service, "security_opt"));
        }
        else Assert.Matches("^[a-z0-9./-]+:v?[0-9][a-z0-9.-]*$", Text(service, "image")!); // what ran yesterday runs tomorrow

        foreach (var (setting, _) in Map(service, "environment")?.Children.Select(e => (e.Key.ToString(), e.Value.ToString())) ?? [])
            if (built is not null) Assert.Contains($"`{Index().Replace(setting, "__N")}`", Settings.Replace("`, `", "`\n`", StringComparison.Ordinal), StringComparison.Ordinal);
            else Assert.StartsWith("POSTGRES_", setting, StringComparison.Ordinal);

        foreach (var port in Texts(service, "ports"))
        {
            var parts = port.Split(':');
            Assert.Equal((3, "127.0.0.1"), (parts.Length, parts[0])); // nothing is open to the network by itself
            if (built is not null) Assert.Contains($"EXPOSE {parts[2]}", File.ReadAllText(Repository.File(Text(built, "dockerfile")!)), StringComparison.Ordinal);
        }
        foreach (var volume in Texts(service, "volumes"))
        {
            var source = volume.Split(':')[0];
            Assert.True(source.StartsWith('.') ? Path.Exists(Repository.File(source)) : Map(Compose, "volumes")!.Children.ContainsKey(source), $"{source} is not there");
        }
        foreach (var other in Map(service, "depends_on")?.Children.Keys.Select(k => k.ToString()) ?? []) Assert.True(Map(Compose, "services")!.Children.ContainsKey(other), other);
    }

    [Fact]
    public void Every_variable_that_is_asked_for_is_in_the_example_and_every_one_of_the_example_is_used()
    {
        var used = Variable().Matches(File.ReadAllText(Repository.File("docker-compose.yml"))).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
        var example = ExampleVariable().Matches(File.ReadAllText(Repository.File(".env.example"))).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal);

        Assert.Equal(used, example);
    }

    [Fact]
    public void Worker_and_relay_connect_as_their_roles_and_only_the_migration_as_the_owner()
    {
        string Login(string service) => LoginName().Match(Text(Map(Map(Map(Compose, "services")!, service)!, "environment")!, "ConnectionStrings__Notifier")!).Groups[1].Value;

        Assert.Equal(("notifier", "worker", "relay"), (Login("migrate"), Login("worker"), Login("relay")));
        var script = File.ReadAllText(Repository.File("scripts/logins.sh"));
        Assert.Contains("CREATE ROLE worker LOGIN PASSWORD :'worker_password' IN ROLE notifier_worker", script, StringComparison.Ordinal);
        Assert.Contains("CREATE ROLE relay LOGIN PASSWORD :'relay_password' IN ROLE relay_node", script, StringComparison.Ordinal);
    }

    private static YamlMappingNode Load()
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(Repository.File("docker-compose.yml"));
        stream.Load(new YamlDotNet.Core.MergingParser(new YamlDotNet.Core.Parser(reader)));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }

    private static YamlNode? Find(YamlMappingNode map, string name) => map.Children.TryGetValue(name, out var found) ? found : null;

    private static YamlMappingNode? Map(YamlMappingNode map, string name) => Find(map, name) as YamlMappingNode;

    private static string? Text(YamlMappingNode map, string name) => (Find(map, name) as YamlScalarNode)?.Value;

    private static string[] Texts(YamlMappingNode map, string name) => Find(map, name) is YamlSequenceNode list ? [.. list.Select(n => ((YamlScalarNode)n).Value!)] : [];

    [GeneratedRegex("^FROM (\\S+)", RegexOptions.Multiline)]
    private static partial Regex From();

    [GeneratedRegex("^COPY (?!--from)(.+) \\S+$", RegexOptions.Multiline)]
    private static partial Regex Copy();

    [GeneratedRegex("""ProjectReference Include="\.\.\\([^\\"]+)\\""")]
    private static partial Regex Reference();

    [GeneratedRegex("__[0-9]+$")]
    private static partial Regex Index();

    [GeneratedRegex(@"\$\{([A-Z_]+)")]
    private static partial Regex Variable();

    [GeneratedRegex("^(?:# )?([A-Z_]+)=", RegexOptions.Multiline)]
    private static partial Regex ExampleVariable();

    [GeneratedRegex("Username=([a-z_]+);")]
    private static partial Regex LoginName();
}
