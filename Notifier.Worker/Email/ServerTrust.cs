using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit;

namespace Notifier.Worker.Email;

/// <summary>Which server certificates are good: those the system trusts, and those that a file of the settings vouches for.</summary>
internal static class ServerTrust
{
    public static void Apply(MailService client, string? caFile)
    {
        if (caFile is not { } file)
            return;
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(file);
        client.ServerCertificateValidationCallback = (_, certificate, chain, errors) =>
            errors == SslPolicyErrors.None
            // Only an unknown root can be mended here: the name must match in any case.
            || (errors == SslPolicyErrors.RemoteCertificateChainErrors && certificate is X509Certificate2 leaf && IsVouchedFor(leaf, chain, roots));
    }

    private static bool IsVouchedFor(X509Certificate2 leaf, X509Chain? sent, X509Certificate2Collection roots)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        // A private authority seldom publishes revocations.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(leaf);
    }
}
