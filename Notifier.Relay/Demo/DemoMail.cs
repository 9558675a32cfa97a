using MimeKit;

namespace Notifier.Relay.Demo;

/// <summary>The folder to which the worker writes every email when it has no mail server.</summary>
internal sealed class DemoMail(string folder)
{
    private const int Shown = 50;

    public sealed record Listed(string Name, DateTimeOffset At, string From, string To, string Subject);

    public sealed record Opened(string Name, DateTimeOffset At, string From, string To, string Subject, string? Text, string? Html);

    /// <summary>The newest first.</summary>
    public async Task<List<Listed>> ListAsync(CancellationToken cancellation)
    {
        List<Listed> mails = [];
        if (!Directory.Exists(folder)) return mails;
        var files = new DirectoryInfo(folder).GetFiles("*.eml").OrderByDescending(f => f.LastWriteTimeUtc).Take(Shown);
        foreach (var file in files)
        {
            if (await ReadAsync(file, cancellation) is not { } mail) continue;
            mails.Add(new Listed(file.Name, mail.Date, mail.From.ToString(), mail.To.ToString(), mail.Subject ?? ""));
        }
        return mails;
    }

    public async Task<Opened?> OpenAsync(string name, CancellationToken cancellation)
    {
        // Compared with the names that are there: whatever else a name may be, it opens nothing.
        if (!Directory.Exists(folder) || new DirectoryInfo(folder).GetFiles("*.eml").FirstOrDefault(f => f.Name == name) is not { } file) return null;
        return await ReadAsync(file, cancellation) is { } mail
            ? new Opened(file.Name, mail.Date, mail.From.ToString(), mail.To.ToString(), mail.Subject ?? "", mail.TextBody, mail.HtmlBody) : null;
    }

    /// <returns>Null for one that is gone, or still being written.</returns>
    private static async Task<MimeMessage?> ReadAsync(FileInfo file, CancellationToken cancellation)
    {
        try
        {
            return await MimeMessage.LoadAsync(file.FullName, cancellation);
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return null;
        }
    }
}
