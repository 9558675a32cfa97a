using System.Runtime.InteropServices;

namespace Notifier.Domain.WebPush;

/// <summary>
/// The part of OpenSSL 3's libcrypto that agrees on keys, by the names and the meaning it has there. .NET has loaded the same library on Linux already.
/// Nothing of it is deprecated in OpenSSL 3.
/// </summary>
internal static partial class LibCrypto
{
    private const string Library = "libcrypto.so.3";

    /// <summary>EVP_PKEY_CTX_new_from_name, EVP_PKEY_get_octet_string_param and the others came with 3.0.</summary>
    public static bool IsThere { get; } = OperatingSystem.IsLinux() && NativeLibrary.TryLoad(Library, out _);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_new_from_name", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewContext(nint library, string name, nint properties);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_new_from_pkey")]
    public static partial nint NewContext(nint library, nint key, nint properties);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    public static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_keygen_init")]
    public static partial int InitGenerate(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_set_group_name", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetGroup(nint context, string group);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_generate")]
    public static partial int Generate(nint context, ref nint key);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_get_octet_string_param")]
    public static unsafe partial int GetOctets(nint key, byte* name, byte* buffer, nuint size, out nuint written);

    /// <summary>Refuses a point that is not on the key's curve.</summary>
    [LibraryImport(Library, EntryPoint = "EVP_PKEY_set1_encoded_public_key")]
    public static unsafe partial int SetPublicKey(nint key, byte* point, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_derive_init")]
    public static partial int InitDerive(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_derive_set_peer_ex")]
    public static partial int SetPeer(nint context, nint peer, int validate);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_derive")]
    public static unsafe partial int Derive(nint context, byte* secret, ref nuint length);

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();
}
