using System.Security.Cryptography;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;

namespace Notifier.Worker.Email.Dkim;

/// <summary>MimeKit's DKIM with the platform's RSA: a tenth of the time of the managed one.</summary>
internal sealed class PlatformRsaSigner(RSA rsa, string domain, string selector)
    : DkimSigner(DotNetUtilities.GetRsaKeyPair(rsa).Private, domain, selector, DkimSignatureAlgorithm.RsaSha256)
{
    private readonly Lock _lock = new(); // an RSA object is for one thread at a time

    public int Bits => rsa.KeySize;

    protected override ISigner CreateSigningContext() => new Context(this);

    private byte[] SignHash(byte[] hash)
    {
        lock (_lock) return rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private sealed class Context(PlatformRsaSigner signer) : ISigner
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public string AlgorithmName => "SHA-256withRSA";

        public void Init(bool forSigning, ICipherParameters parameters)
        {
            if (!forSigning) throw new NotSupportedException("it signs only");
        }

        public void Update(byte input) => _hash.AppendData([input]);

        public void BlockUpdate(byte[] input, int inOff, int inLen) => _hash.AppendData(input, inOff, inLen);

        public void BlockUpdate(ReadOnlySpan<byte> input) => _hash.AppendData(input);

        public int GetMaxSignatureSize() => signer.Bits / 8;

        public byte[] GenerateSignature() => signer.SignHash(_hash.GetHashAndReset());

        public bool VerifySignature(byte[] signature) => throw new NotSupportedException("it signs only");

        public void Reset() => _ = _hash.GetHashAndReset();
    }
}
