using System.Collections.Concurrent;

namespace Notifier.Worker.Email.Templates;

/// <summary>
/// The files of <c>Email__TemplateFolder</c>: <c>{site}/{locale}/{name}</c> and <c>{site}/{name}</c>. A changed file is read anew with the next mail. One that is wrong is
/// logged once, and is as if it were not there.
/// </summary>
internal sealed partial class SiteFiles(string? folder, ILogger log)
{
    private const int MostBytes = 1024 * 1024;

    private readonly ConcurrentDictionary<string, Entry> _read = new();
    private readonly ConcurrentDictionary<(string Path, DateTime Written), bool> _complained = new();

    /// <param name="locales">From the most to the least exact.</param>
    /// <returns>What is there and can be read, the most exact first. Its locale is null in a file for all of them.</returns>
    public IEnumerable<SiteFile<T>> Find<T>(string site, IReadOnlyList<string> locales, string name, Func<string?, string, T> parse) where T : class
    {
        if (folder is null || !IsFolderName(site)) yield break;
        foreach (var locale in (IEnumerable<string?>)[.. locales, null])
        {
            var path = locale is null ? Path.Combine(folder, site, name) : Path.Combine(folder, site, locale, name);
            if (Read(path, text => parse(locale, text)) is { } file) yield return file;
        }
    }

    /// <summary>Says once what is wrong with a file, until it is changed.</summary>
    public void Complain(string path, DateTime written, string reason)
    {
        if (_complained.TryAdd((path, written), true)) LogWrong(log, path, reason);
    }

    // A site's id is anything, also "..".
    private static bool IsFolderName(string site) =>
        site.Length is > 0 and <= 200 && site is not ("." or "..") && site.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private SiteFile<T>? Read<T>(string path, Func<string, T> parse) where T : class
    {
        var info = new FileInfo(path);
        if (!info.Exists) return null;
        var written = info.LastWriteTimeUtc;
        if (!_read.TryGetValue(path, out var entry) || entry.Written != written)
            _read[path] = entry = new Entry(written, Parse(info, written, parse));
        return entry.Content is T content ? new SiteFile<T>(content, path, written) : null;
    }

    private T? Parse<T>(FileInfo info, DateTime written, Func<string, T> parse) where T : class
    {
        try
        {
            if (info.Length > MostBytes) throw new FormatException("it is longer than 1 MiB");
            return parse(File.ReadAllText(info.FullName));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            Complain(info.FullName, written, e.Message);
            return null;
        }
    }

    private sealed record Entry(DateTime Written, object? Content);

    [LoggerMessage(Level = LogLevel.Error, Message = "The email template {Path} is not used; the next less exact one, or the one that is shipped, is. Reason: {Reason}")]
    private static partial void LogWrong(ILogger log, string path, string reason);
}

/// <param name="Written">When it was last changed.</param>
internal sealed record SiteFile<T>(T Content, string Path, DateTime Written);
