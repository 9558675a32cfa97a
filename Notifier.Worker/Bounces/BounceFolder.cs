namespace Notifier.Worker.Bounces;

/// <summary>
/// Reads the mails in a folder, and moves each away when what it says is committed. Killed in between, the mail is read again, and is known already. Several workers
/// may share the folder: who moves first is no matter.
/// </summary>
internal sealed class BounceFolder(BounceIntake intake)
{
    /// <summary>A report is some kilobytes, and brings back a mail of ours at most.</summary>
    public const int MostBytes = 10 << 20;

    /// <exception cref="AggregateException">Files that could not be read or moved; the others were dealt with.</exception>
    public async Task ReadAsync(string folder, CancellationToken cancellation)
    {
        var faults = new List<Exception>();
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(f => !f.Name.StartsWith('.') && f.Extension != ".tmp").OrderBy(f => f.Name, StringComparer.Ordinal).ToList())
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var outcome = file.Length > MostBytes ? BounceMail.Unreadable : await intake.TakeAsync(await File.ReadAllBytesAsync(file.FullName, cancellation), cancellation);
                var to = Directory.CreateDirectory(Path.Combine(folder, outcome == BounceMail.Unreadable ? "unreadable" : "done"));
                file.MoveTo(Path.Combine(to.FullName, file.Name), overwrite: true);
            }
            catch (FileNotFoundException)
            {
                // Another worker has dealt with it.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                faults.Add(e);
            }
        }
        if (faults.Count > 0) throw new AggregateException(faults);
    }
}
