using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>
/// The section <c>Nats</c>: the NATS servers. On a worker they are the third door for events, on a relay the fan-out to the other nodes. Without <see cref="Url"/> there is
/// no NATS, and everything goes by PostgreSQL.
/// </summary>
public sealed class NatsOptions
{
    public const string Section = "Nats";

    /// <summary>The servers of one cluster, separated by commas: <c>tls://nats-1.example:4222</c>, or <c>nats://</c> for one on this machine. Default none.</summary>
    public string? Url { get; set; }

    /// <summary>Default none.</summary>
    public string? User { get; set; }

    /// <summary>Required with a <see cref="User"/>.</summary>
    public string? Password { get; set; }

    /// <summary>In place of user and password. Default none.</summary>
    public string? Token { get; set; }

    /// <summary>A file of a JWT and its NKey (<c>.creds</c>), in place of the others. Default none.</summary>
    public string? CredentialsFile { get; set; }

    /// <summary>A PEM file of certificates trusted for these servers besides the system's. Default none.</summary>
    public string? CaFile { get; set; }

    /// <summary>Allows <c>nats://</c> for a server that is not on this machine: credentials and texts then go over the network in the clear. Default false.</summary>
    public bool AllowClearText { get; set; }
}

internal sealed class NatsOptionsValidator : IValidateOptions<NatsOptions>
{
    public ValidateOptionsResult Validate(string? name, NatsOptions options)
    {
        var failures = string.IsNullOrEmpty(options.Url) ? [] : Failures(options, options.Url).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(NatsOptions options, string urls)
    {
        foreach (var url in urls.Split(','))
        {
            if (!Uri.TryCreate(url.Trim(), UriKind.Absolute, out var uri) || uri.Scheme is not ("nats" or "tls") || uri.Host.Length == 0 || uri.AbsolutePath is not ("" or "/"))
                yield return "Nats__Url: must be tls://host:port or nats://host:port, several of them separated by commas";
            else if (uri.UserInfo.Length > 0)
                yield return "Nats__Url: must not hold credentials; Nats__User and Nats__Password, Nats__Token or Nats__CredentialsFile do";
            else if (uri.Scheme == "nats" && !uri.IsLoopback && !options.AllowClearText)
                yield return "Nats__Url: nats:// goes over the network in the clear; use tls://, or set Nats__AllowClearText";
        }
        if (string.IsNullOrEmpty(options.User) != string.IsNullOrEmpty(options.Password))
            yield return "Nats__User, Nats__Password: go together";
        if (new[] { options.User, options.Token, options.CredentialsFile }.Count(way => !string.IsNullOrEmpty(way)) > 1)
            yield return "Nats__User, Nats__Token, Nats__CredentialsFile: only one of them";
        if (!string.IsNullOrEmpty(options.CredentialsFile) && !File.Exists(options.CredentialsFile))
            yield return "Nats__CredentialsFile: there is no such file";
        if (!string.IsNullOrEmpty(options.CaFile) && !File.Exists(options.CaFile))
            yield return "Nats__CaFile: there is no such file";
    }
}
