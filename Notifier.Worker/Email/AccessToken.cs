using System.ComponentModel;
using System.Diagnostics;

namespace Notifier.Worker.Email;

/// <summary>The OAuth 2.0 access token for AUTH, read anew for each connection: it lives an hour or so, and what renews it is not ours.</summary>
internal static class AccessToken
{
    /// <returns>The token, or why there is none; both null where none is configured. The reason repeats nothing of what was read.</returns>
    public static async Task<(string? Token, string? Fault)> ReadAsync(EmailOptions options, CancellationToken cancellation)
    {
        try
        {
            var text = options switch
            {
                { OAuth2TokenFile: { } file } => await File.ReadAllTextAsync(file, cancellation),
                { OAuth2TokenCommand: { } command } => await OutputAsync(command, cancellation),
                _ => null,
            };
            if (text is null) return (null, null);
            var token = text.Trim();
            return token.Length > 0 && token.All(c => c is > ' ' and <= '~') ? (token, null) : (null, "the OAuth 2.0 token is empty, or no token (RFC 6750 section 2.1)");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or Win32Exception or CommandFailed)
        {
            return (null, $"the OAuth 2.0 token cannot be read: {(fault is CommandFailed ? fault.Message : fault.GetType().Name)}");
        }
    }

    private static async Task<string> OutputAsync(string command, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        try
        {
            process.StandardInput.Close();
            var output = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? output : throw new CommandFailed($"the command ended with status {process.ExitCode}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private sealed class CommandFailed(string reason) : Exception(reason);
}
