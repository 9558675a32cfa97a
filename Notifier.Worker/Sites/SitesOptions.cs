using Microsoft.Extensions.Options;

namespace Notifier.Worker.Sites;

/// <summary>The section <c>Sites</c>: what rows of sites need of the settings.</summary>
public sealed class SitesOptions
{
    public const string Section = "Sites";

    /// <summary>
    /// Encrypts the secrets in rows of sites (AES-256-GCM): 32 bytes, base64, such as from <c>openssl rand -base64 32</c>. Required as soon as a row has a secret. Default none.
    /// </summary>
    public string? EncryptionKey { get; set; }

    /// <summary>Keys that encrypted once: what they did can still be read, and nothing new is encrypted with them. Default none.</summary>
    public IList<string> OldEncryptionKeys { get; } = [];
}

/// <summary>Refuses keys of the wrong length. Never repeats one.</summary>
internal sealed class SitesOptionsValidator : IValidateOptions<SitesOptions>
{
    public ValidateOptionsResult Validate(string? name, SitesOptions options)
    {
        List<string> failures = [];
        if (options.EncryptionKey is { } key && !IsKey(key)) failures.Add("Sites__EncryptionKey: must be 32 bytes in base64, such as from: openssl rand -base64 32");
        foreach (var (i, old) in options.OldEncryptionKeys.Index())
            if (!IsKey(old)) failures.Add($"Sites__OldEncryptionKeys__{i}: must be 32 bytes in base64, as it was when it encrypted");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static bool IsKey(string? text)
    {
        Span<byte> bytes = stackalloc byte[64];
        return text is { Length: <= 80 } && Convert.TryFromBase64String(text, bytes, out var length) && length == AesGcmKey;
    }

    private const int AesGcmKey = 32;
}
