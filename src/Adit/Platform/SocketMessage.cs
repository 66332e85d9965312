namespace Adit.Platform;

/// <summary>What sendmsg(2) and recvmsg(2) are told: struct msghdr.</summary>
internal unsafe struct SocketMessage
{
    public void* Name;
    public uint NameLength;
    public Piece* Pieces;
    public nuint PieceCount;
    public void* Control;
    public nuint ControlLength;
    public int Flags;

    /// <summary>A piece of memory: struct iovec.</summary>
    public struct Piece
    {
        public void* Base;
        public nuint Length;
    }
}
