using System.Runtime.CompilerServices;

namespace Notifier.Tests.Browser;

/// <summary>A test that needs Firefox. Where it is missing and could not be installed the test is skipped; in CI it fails.</summary>
internal sealed class FirefoxFactAttribute : FactAttribute
{
    public const string Executable = "/usr/bin/firefox-esr";

    public FirefoxFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) : base(file, line)
    {
        if (!IsUsed) Skip = $"{Executable} is missing: install the package firefox-esr";
    }

    /// <summary>Whether the browser is here, or has to be.</summary>
    public static bool IsUsed { get; } = File.Exists(Executable) || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI"));
}
