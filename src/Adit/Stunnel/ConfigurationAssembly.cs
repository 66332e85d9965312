using System.Collections.Immutable;
using Adit.Wording;

namespace Adit.Stunnel;

/// <summary>Puts a configuration together from options in the order in which they come.</summary>
internal sealed class ConfigurationAssembly
{
    private readonly ConfigPlace _place;
    private readonly bool _allowsInsecure;
    private readonly List<StunnelService> _services = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    private StunnelGlobal _global = new();
    private StunnelService _defaults;
    private ImmutableDictionary<string, ConfigPlace> _defaultPlaces = ImmutableDictionary.Create<string, ConfigPlace>(StringComparer.OrdinalIgnoreCase);
    private StunnelService? _service;
    private ImmutableDictionary<string, ConfigPlace> _places;

    /// <summary>Begins with the part above the first section.</summary>
    /// <param name="place">What messages name that are about all of it.</param>
    /// <param name="allowsInsecure">Whether clients may do without verifying the server though nobody wrote that they may.</param>
    internal ConfigurationAssembly(ConfigPlace place, bool allowsInsecure = false)
    {
        _place = place;
        _allowsInsecure = allowsInsecure;
        _defaults = new() { Place = place };
        _places = _defaultPlaces;
    }

    /// <summary>Begins a section: a service with all that was said above the first one.</summary>
    /// <exception cref="StunnelException">The one before cannot be served.</exception>
    internal void Begin(string name, ConfigPlace place)
    {
        EndService();
        _service = _defaults with { Name = name, Place = place };
        _places = _defaultPlaces;
    }

    /// <summary>Takes an option.</summary>
    /// <exception cref="StunnelException">There is none of the name, the value cannot be right, or it is refused.</exception>
    internal void Take(OptionLine line)
    {
        StunnelOption option = StunnelOptions.Find(line.Name) ?? throw line.Unknown(StunnelOptions.Names);
        if (option.IsGlobal && _service is not null)
            throw new StunnelException(line.Place, $"{option.Name} holds for the whole process; write it above the first [section]");
        if (option.Judge?.Invoke(line) is { Length: > 0 } reason && _said.Add($"{option.Name}:{reason}"))
            _warnings.Add(Warning(line.Place, $"{option.Name} is ignored: {reason}"));
        if (_service is null)
        {
            _global = option.Process?.Invoke(_global, line) ?? _global;
            _defaults = option.Service?.Invoke(_defaults, line) ?? _defaults;
            _defaultPlaces = _defaultPlaces.SetItem(option.Name, line.Place);
        }
        else
        {
            _service = option.Service?.Invoke(_service, line) ?? _service;
            _places = _places.SetItem(option.Name, line.Place);
        }
    }

    /// <summary>All of it, when nothing more comes.</summary>
    /// <exception cref="StunnelException">It does not fit together.</exception>
    internal StunnelConfiguration Finish()
    {
        FullPath("output", _global.Output);
        FullPath("pid", _global.PidFile);
        if (_service is null)
        {
            _service = _defaults with { IsInetd = true };
            _places = _defaultPlaces;
        }

        EndService();
        return new(_global, [.. _services.Select(service => VirtualHosts.Of(service, _services))], [.. _warnings]);
    }

    private static string Warning(ConfigPlace place, string text) => $"{place}: {Printable.Text(text)}";

    private void EndService()
    {
        if (_service is null)
            return;
        ServiceAssembly assembly = new(_service, _places, _allowsInsecure);
        _services.Add(assembly.Finish());
        foreach ((ConfigPlace place, string text) in assembly.Warnings)
            _warnings.Add(Warning(place, text));
        _service = null;
    }

    // A daemon has left the folder that a relative path begins in.
    private void FullPath(string option, string? path)
    {
        if (path is not null && _global.Foreground == StunnelForeground.No && !Path.IsPathFullyQualified(path))
            throw new StunnelException(_defaultPlaces.GetValueOrDefault(option, _place), $"{option} = \"{path}\": write the full path, or foreground = yes");
    }
}
