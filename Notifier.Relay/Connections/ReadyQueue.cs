using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Notifier.Relay.Connections;

/// <summary>
/// Waits for all WebSockets with one thread (epoll(7)), and what has come is dealt with right there. .NET's own way hands each arrival to a thread of the pool, and
/// asks the socket once more whether that was all: for an acknowledgement of forty bytes more work than everything that is done with it. Nothing that is called from
/// here may block.
/// </summary>
internal sealed class ReadyQueue : IDisposable
{
    private const int Most = 256, LookMilliseconds = 1000;

    private readonly int _epoll = LibC.CreateEpoll();
    private volatile bool _stopped;

    public ReadyQueue() => new Thread(Run) { IsBackground = true, Name = "WebSockets" }.Start();

    /// <summary>Calls, whenever there is something to read, until it returns false; then the task ends, as it does with an exception.</summary>
    public Task UntilAsync(Socket socket, Func<bool> read)
    {
        var watched = new Watched(socket, read);
        watched.Begin(_epoll);
        return watched.Ended;
    }

    public void Dispose() => _stopped = true;

    private void Run()
    {
        Span<byte> events = new byte[Most * LibC.EventSize];
        while (!_stopped)
        {
            var count = LibC.Wait(_epoll, events, LookMilliseconds);
            for (var i = 0; i < count; i++) Watched.At(LibC.DataOf(events, i)).Read(_epoll);
        }
        LibC.Close(_epoll);
    }

    /// <summary>A socket in the queue. It holds the descriptor, so that it cannot become another connection's meanwhile; only the queue's thread lets go of it.</summary>
    private sealed class Watched
    {
        private readonly Socket _socket;
        private readonly Func<bool> _read;
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private GCHandle _self;

        public Watched(Socket socket, Func<bool> read) => (_socket, _read) = (socket, read);

        public Task Ended => _ended.Task;

        private int Descriptor => (int)_socket.SafeHandle.DangerousGetHandle();

        public static Watched At(nint handle) => (Watched)GCHandle.FromIntPtr(handle).Target!;

        public void Begin(int epoll)
        {
            var isHeld = false;
            _socket.SafeHandle.DangerousAddRef(ref isHeld);
            _self = GCHandle.Alloc(this);
            try
            {
                LibC.Watch(epoll, Descriptor, GCHandle.ToIntPtr(_self));
            }
            catch
            {
                LetGo();
                throw;
            }
        }

        public void Read(int epoll)
        {
            try
            {
                if (_read()) return;
                End(epoll);
                _ended.SetResult();
            }
            catch (Exception e)
            {
                End(epoll);
                _ended.SetException(e);
            }
        }

        private void End(int epoll)
        {
            LibC.Forget(epoll, Descriptor);
            LetGo();
        }

        private void LetGo()
        {
            _self.Free();
            _socket.SafeHandle.DangerousRelease();
        }
    }
}
