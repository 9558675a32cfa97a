using System.Security.Cryptography;
using System.Text;

namespace Notifier.Tests.Email;

/// <summary>The server's side of SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677), which proves by turns that both know the password.</summary>
public sealed class ScramServer(string password)
{
    private const int Iterations = 4096;

    private static readonly byte[] Salt = "sixteen of salt!"u8.ToArray();

    private readonly byte[] _salted = Rfc2898DeriveBytes.Pbkdf2(password, Salt, Iterations, HashAlgorithmName.SHA256, 32);
    private string _bare = "", _first = "";

    /// <summary>Pretends to know the password: what it proves is made up.</summary>
    public bool Lies { get; init; }

    public string First(string clientFirst)
    {
        _bare = clientFirst["n,,".Length..];
        return _first = $"r={_bare.Split("r=")[1]}servers,s={Convert.ToBase64String(Salt)},i={Iterations}";
    }

    /// <returns>Null: whoever this is does not know the password.</returns>
    public string? Final(string clientFinal)
    {
        var proof = clientFinal.LastIndexOf(",p=", StringComparison.Ordinal);
        var said = Encoding.UTF8.GetBytes($"{_bare},{_first},{clientFinal[..proof]}");
        var stored = SHA256.HashData(Key("Client Key"));
        var signature = HMACSHA256.HashData(stored, said);
        var clientKey = Convert.FromBase64String(clientFinal[(proof + 3)..]).Zip(signature, (a, b) => (byte)(a ^ b)).ToArray();
        if (!Lies && !SHA256.HashData(clientKey).SequenceEqual(stored)) return null;
        return $"v={Convert.ToBase64String(Lies ? stored : HMACSHA256.HashData(Key("Server Key"), said))}";
    }

    private byte[] Key(string name) => HMACSHA256.HashData(_salted, Encoding.ASCII.GetBytes(name));
}
