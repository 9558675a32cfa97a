using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Notifier.Relay.Connections;

/// <summary>The part of Linux's C library that waits for sockets, reads and writes them, by the names it has there. Whoever calls holds the descriptor.</summary>
internal static unsafe partial class LibC
{
    private const string Library = "libc";
    private const int DontWait = 0x40, NoSignal = 0x4000, TryAgain = 11, Interrupted = 4;
    private const int CloseOnExec = 0x80000, Add = 1, Delete = 2;
    private const uint Readable = 0x1, HungUp = 0x2000;

    /// <summary>struct epoll_event is packed on x64, and nowhere else.</summary>
    private static readonly int DataAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    public static readonly int EventSize = DataAt + 8;

    public static int CreateEpoll() => Checked(epoll_create1(CloseOnExec));

    public static void Close(int descriptor) => _ = close(descriptor);

    /// <summary>From now on <see cref="Wait"/> says when there is something to read, or the other side has gone.</summary>
    public static void Watch(int epoll, int descriptor, nint data)
    {
        Span<byte> watched = stackalloc byte[EventSize];
        BinaryPrimitives.WriteUInt32LittleEndian(watched, Readable | HungUp);
        BinaryPrimitives.WriteInt64LittleEndian(watched[DataAt..], data);
        fixed (byte* at = watched) Checked(epoll_ctl(epoll, Add, descriptor, at));
    }

    public static void Forget(int epoll, int descriptor)
    {
        var unused = stackalloc byte[EventSize];
        _ = epoll_ctl(epoll, Delete, descriptor, unused);
    }

    /// <returns>How many events there are, of <see cref="EventSize"/> each; 0: none in this time.</returns>
    public static int Wait(int epoll, Span<byte> events, int milliseconds)
    {
        fixed (byte* at = events)
        {
            var count = epoll_wait(epoll, at, events.Length / EventSize, milliseconds);
            return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : Checked(count);
        }
    }

    /// <summary>What was given to <see cref="Watch"/>.</summary>
    public static nint DataOf(ReadOnlySpan<byte> events, int index) => (nint)BinaryPrimitives.ReadInt64LittleEndian(events[(index * EventSize + DataAt)..]);

    /// <returns>How much came, 0 at the end; null: nothing now.</returns>
    public static int? Receive(int descriptor, Span<byte> buffer)
    {
        fixed (byte* at = buffer)
        {
            while (true)
            {
                var count = recv(descriptor, at, (nuint)buffer.Length, DontWait);
                if (count >= 0) return (int)count;
                if (Marshal.GetLastPInvokeError() is var error && error == TryAgain) return null;
                if (error != Interrupted) return 0; // it was reset: the same to us
            }
        }
    }

    /// <returns>How much the socket has taken; null: it is gone.</returns>
    public static int? Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* at = bytes)
        {
            while (true)
            {
                var count = send(descriptor, at, (nuint)bytes.Length, DontWait | NoSignal);
                if (count >= 0) return (int)count;
                if (Marshal.GetLastPInvokeError() is var error && error == TryAgain) return 0;
                if (error != Interrupted) return null;
            }
        }
    }

    private static int Checked(int result) => result >= 0 ? result : throw new IOException($"The system refuses a descriptor, or to wait for it: errno {Marshal.GetLastPInvokeError()}");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, byte* watched);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_wait(int epoll, byte* events, int most, int milliseconds);

    [LibraryImport(Library)]
    private static partial int close(int descriptor);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint recv(int descriptor, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint send(int descriptor, byte* buffer, nuint length, int flags);
}
