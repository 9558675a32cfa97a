using System.Diagnostics;

namespace Notifier.Faults.Stage;

/// <summary>Kills what this process started when this process ends, however it ends: its pipe closes then.</summary>
internal static class Reaper
{
    private const string Script = "trap '' INT TERM HUP; while read -r pid; do pids=\"$pids $pid\"; done; kill -9 $pids";

    private static readonly Process Shell = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", $"exec >/dev/null 2>&1; {Script}"]) { RedirectStandardInput = true })!;

    public static void Remember(int pid)
    {
        lock (Shell)
        {
            Shell.StandardInput.WriteLine(pid);
            Shell.StandardInput.Flush();
        }
    }
}
