using System.Collections.Immutable;
using System.Globalization;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;

namespace Adit.Gateway.Access;

/// <summary>A line of AditUsersFile: <c>name:password:groups</c>, the last two of which may be empty.</summary>
/// <param name="Name">The user.</param>
/// <param name="Password">The password's hash; null for none, so that only a key lets in.</param>
/// <param name="Groups">The user's groups, for Match Group, AllowGroups and DenyGroups.</param>
internal sealed record UserEntry(string Name, PasswordHash? Password, ImmutableArray<string> Groups)
{
    private const int MaxFileLength = 16 * 1024 * 1024;

    /// <summary>The entry of a user; null where there is none.</summary>
    /// <exception cref="ConfigException">The file cannot be read or understood.</exception>
    public static UserEntry? Find(string path, string user)
    {
        try
        {
            using FileStream file = UserFile.OpenRegular(path) ?? throw new IOException("there is no such file");
            if (file.Length > MaxFileLength)
                throw new ConfigException($"{path}: the file is over the limit of {MaxFileLength} bytes");
            int number = 0;
            UserEntry? found = null;
            using StreamReader lines = new(file);
            while (lines.ReadLine() is { } line)
            {
                number++;
                if (line.Length > 0 && !line.StartsWith('#') && Parse(line, new(path, number)) is var entry && entry.Name == user)
                    found ??= entry;
            }

            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"AditUsersFile {path}: {e.Message}", e);
        }
    }

    private static UserEntry Parse(string line, ConfigSource source)
    {
        string[] fields = line.Split(':');
        if (fields.Length > 3 || !UserName.IsValid(fields[0]))
            throw new ConfigException(source, "an entry has the form name:password:group,group");
        try
        {
            PasswordHash? password = fields.Length > 1 && fields[1].Length > 0 ? PasswordHash.Parse(fields[1]) : null;
            return new(fields[0], password, fields.Length > 2 ? [.. fields[2].Split(',', StringSplitOptions.RemoveEmptyEntries)] : []);
        }
        catch (FormatException e)
        {
            throw new ConfigException(source, string.Create(CultureInfo.InvariantCulture, $"{fields[0]}: {e.Message}"), e);
        }
    }
}
