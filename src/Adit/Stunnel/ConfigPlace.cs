using System.Globalization;
using Adit.Wording;

namespace Adit.Stunnel;

/// <summary>Where an option was written.</summary>
/// <param name="File">The file as it was opened, or the option of the command line.</param>
/// <param name="Line">The line, from 1; 0 where there are none.</param>
internal readonly record struct ConfigPlace(string File, int Line)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Line == 0 ? Printable.Text(File) : string.Create(CultureInfo.InvariantCulture, $"{Printable.Text(File)}:{Line}");
}
