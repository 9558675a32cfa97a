using System.Runtime.CompilerServices;

namespace Notifier.Tests.Browser;

/// <summary>A test that needs Chromium. Where it is missing and could not be installed the test is skipped; in CI it fails.</summary>
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public const string Executable = "/usr/bin/chromium";

    public ChromiumFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) : base(file, line)
    {
        if (!IsUsed) Skip = $"{Executable} is missing: install the package chromium";
    }

    /// <summary>Whether the browser is here, or has to be.</summary>
    public static bool IsUsed { get; } = File.Exists(Executable) || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI"));
}
