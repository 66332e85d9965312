namespace Adit.Sessions;

/// <summary>What an escape sequence asks for, ssh(1) ESCAPE CHARACTERS.</summary>
internal enum Escape
{
    /// <summary>Nothing: there was no escape.</summary>
    None = 0,

    /// <summary><c>~.</c></summary>
    Disconnect,

    /// <summary><c>~^Z</c></summary>
    Suspend,

    /// <summary><c>~&amp;</c></summary>
    Background,

    /// <summary><c>~#</c></summary>
    ListConnections,

    /// <summary><c>~I</c></summary>
    ShowConnection,

    /// <summary><c>~B</c></summary>
    Break,

    /// <summary><c>~R</c></summary>
    Rekey,

    /// <summary><c>~V</c></summary>
    SayLess,

    /// <summary><c>~v</c></summary>
    SayMore,

    /// <summary><c>~C</c></summary>
    CommandLine,

    /// <summary><c>~?</c></summary>
    Help,
}

/// <summary>
/// Finds the escape sequences in what is typed: the escape character at the start of a line, and what comes behind it. Typed twice, it
/// stands for itself; what is no sequence passes as it is. A sequence leaves the line at its start, so that another one may follow.
/// </summary>
/// <param name="character">The escape character.</param>
internal sealed class EscapeParser(byte character)
{
    private bool _atLineStart = true;
    private bool _pending;

    /// <summary>The escape character.</summary>
    public byte Character => character;

    /// <summary>Takes input up to the end of the next sequence.</summary>
    /// <param name="input">What was typed.</param>
    /// <param name="output">Receives what is to be sent; at least one byte longer than the input.</param>
    /// <param name="consumed">How much of the input was taken: all where there is no sequence.</param>
    /// <param name="written">How much was put out.</param>
    public Escape Next(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        written = 0;
        for (consumed = 0; consumed < input.Length;)
        {
            byte b = input[consumed++];
            if (_pending)
            {
                _pending = false;
                if (Meaning(b) is not Escape.None and var escape && b != character)
                    return escape;
                if (b != character)
                    output[written++] = character;
            }
            else if (_atLineStart && b == character)
            {
                _pending = true;
                continue;
            }

            _atLineStart = b is (byte)'\r' or (byte)'\n';
            output[written++] = b;
        }

        return Escape.None;
    }

    /// <summary>At the end of the input: true when an escape character waited in vain for what comes behind it.</summary>
    public bool TakePending()
    {
        bool pending = _pending;
        _pending = false;
        return pending;
    }

    private static Escape Meaning(byte b) => (char)b switch
    {
        '.' => Escape.Disconnect,
        '\x1a' => Escape.Suspend,
        '&' => Escape.Background,
        '#' => Escape.ListConnections,
        'I' => Escape.ShowConnection,
        'B' => Escape.Break,
        'R' => Escape.Rekey,
        'V' => Escape.SayLess,
        'v' => Escape.SayMore,
        'C' => Escape.CommandLine,
        '?' => Escape.Help,
        _ => Escape.None,
    };
}
