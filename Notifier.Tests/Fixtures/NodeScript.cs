using System.Runtime.CompilerServices;

namespace Notifier.Tests.Fixtures;

/// <summary>A script of this project, run by Node where it lies: it finds the packages of Notifier.Tests/package.json there.</summary>
internal static class NodeScript
{
    public static string Folder { get; } = Path.GetDirectoryName(Path.GetDirectoryName(Here()))!;

    /// <param name="script">Such as <c>WebPush/read_push_messages.mjs</c>.</param>
    /// <returns>What it wrote to standard output.</returns>
    public static Task<string> RunAsync(string script, params string[] arguments) => Tool.RunAsync(Folder, ["node", script, .. arguments]);

    private static string Here([CallerFilePath] string path = "") => path;
}
