using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Adit.Tests.Shared;

/// <summary>
/// All that other programs can use of an assembly, as text. The text is committed beside the test, so that it changes on purpose only:
/// run the test with ADIT_ACCEPT_SURFACE=1 to write it anew, and look at the difference.
/// </summary>
internal static class PublicSurface
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Words = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(double)] = "double",
    };

    /// <summary>Compares the surface with the file <c>PublicApi.txt</c> beside the calling test.</summary>
    public static void AssertUnchanged(Assembly assembly, [CallerFilePath] string test = "")
    {
        string file = Path.Combine(Path.GetDirectoryName(test)!, "PublicApi.txt");
        string now = Of(assembly);
        if (Environment.GetEnvironmentVariable("ADIT_ACCEPT_SURFACE") is "1")
            File.WriteAllText(file, now);
        string[] committed = File.ReadAllLines(file), found = now.TrimEnd('\n').Split('\n');
        string[] changes =
        [
            .. found.Except(committed, StringComparer.Ordinal).Select(static line => "+ " + line),
            .. committed.Except(found, StringComparer.Ordinal).Select(static line => "- " + line),
        ];
        string about = $"the public surface has changed; if that is meant, run this test with ADIT_ACCEPT_SURFACE=1 and commit {file}:";
        Assert.True(committed.SequenceEqual(found, StringComparer.Ordinal), $"{about}\n{string.Join('\n', changes)}");
    }

    private static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(static type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            IEnumerable<string> members = type.IsEnum
                ? Enum.GetNames(type).Select(name =>
                    string.Create(CultureInfo.InvariantCulture, $"{name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}"))
                : type.IsSubclassOf(typeof(Delegate)) ? [Method(type.GetMethod("Invoke")!)]
                : type.GetMembers(All).Select(Member).OfType<string>().Order(StringComparer.Ordinal);
            foreach (string member in members)
                text.Append("    ").Append(member).Append('\n');
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        string kind =
            type.IsEnum ? "enum"
            : type.IsInterface ? "interface"
            : type.IsSubclassOf(typeof(Delegate)) ? "delegate"
            : type.IsValueType ? "struct"
            : "class";
        string how =
            type is { IsAbstract: true, IsSealed: true } ? "static "
            : type is { IsAbstract: true, IsInterface: false } ? "abstract "
            : type is { IsSealed: true, IsClass: true } ? "sealed "
            : "";
        IEnumerable<Type> inherited = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []);
        inherited = inherited.Where(one => one.IsVisible && !(one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IEquatable<>)));
        if (type is { IsClass: true, BaseType: { } parent } && parent != typeof(object) && !type.IsSubclassOf(typeof(Delegate)))
            inherited = inherited.Prepend(parent);
        string[] names = type.IsEnum ? [] : [.. inherited.Select(static one => Name(one))];
        return $"{how}{kind} {type.Namespace}.{Name(type)}{(names.Length > 0 ? " : " + string.Join(", ", names.Take(1).Concat(names.Skip(1).Order(StringComparer.Ordinal))) : "")}";
    }

    // Null for what others cannot see, and for what the compiler makes.
    private static string? Member(MemberInfo member) => member switch
    {
        ConstructorInfo made => IsVisible(made) ? $"{Access(made)}new({Parameters(made)})" : null,
        MethodInfo method => IsVisible(method) && !IsGenerated(method) && !IsAccessor(method) ? Method(method) : null,
        PropertyInfo property => Property(property),
        FieldInfo { IsPublic: true } field => Field(field),
        EventInfo happening => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        _ => null,
    };

    private static string Field(FieldInfo field)
    {
        string how = field.IsLiteral ? "const " : field.IsStatic ? "static " : "";
        string value = field.IsLiteral ? " = " + Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture) : "";
        return $"{how}{Name(field.FieldType, new NullabilityInfoContext().Create(field))} {field.Name}{value}";
    }

    private static string Method(MethodInfo method)
    {
        string how =
            method.IsStatic ? "static "
            : method.GetBaseDefinition() != method ? "override "
            : method.IsAbstract ? "abstract "
            : method is { IsVirtual: true, IsFinal: false } ? "virtual "
            : "";
        string types = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(static one => one.Name))}>" : "";
        return $"{Access(method)}{how}{Name(method.ReturnType, new NullabilityInfoContext().Create(method.ReturnParameter))} {method.Name}{types}({Parameters(method)})";
    }

    private static string? Property(PropertyInfo property)
    {
        MethodInfo[] accessors = [.. property.GetAccessors(nonPublic: true).Where(IsVisible)];
        if (accessors.Length == 0 || property.Name is "EqualityContract")
            return null;
        IEnumerable<string> words = accessors.Select(accessor => Access(accessor) + (
            accessor == property.GetMethod ? "get;"
            : accessor.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init;" : "set;"));
        MethodInfo first = accessors[0];
        string how = first.IsStatic ? "static " : first.GetBaseDefinition() != first ? "override " : first.IsAbstract ? "abstract " : "";
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{how}{required}{Name(property.PropertyType, new NullabilityInfoContext().Create(property))} {property.Name} {{ {string.Join(' ', words)} }}";
    }

    private static bool IsVisible(MethodBase method) =>
        (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly) && method is not { DeclaringType.IsSealed: true, IsPublic: false, IsVirtual: false };

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static bool IsGenerated(MethodInfo method) => method.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string how =
            parameter.Position == 0 && parameter.Member.IsDefined(typeof(ExtensionAttribute)) ? "this "
            : parameter.IsOut ? "out "
            : parameter.IsDefined(typeof(ParamCollectionAttribute)) || parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params "
            : "";
        string given = !parameter.HasDefaultValue ? ""
            : Convert.ToString(parameter.DefaultValue, CultureInfo.InvariantCulture) is { Length: > 0 } value ? $" = {value}"
            : " = default";
        return $"{how}{Name(parameter.ParameterType, new NullabilityInfoContext().Create(parameter))} {parameter.Name}{given}";
    }

    private static string Name(Type type, NullabilityInfo? nullability = null)
    {
        string suffix = nullability?.ReadState is NullabilityState.Nullable && !type.IsValueType ? "?" : "";
        if (Nullable.GetUnderlyingType(type) is { } value)
            return Name(value) + "?";
        if (type.IsByRef)
            return Name(type.GetElementType()!, nullability);
        if (type.IsArray)
            return $"{Name(type.GetElementType()!, nullability?.ElementType)}[]{suffix}";
        if (Words.TryGetValue(type, out string? word))
            return word + suffix;
        string name = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        if (!type.IsGenericType)
            return name + suffix;
        Type[] arguments = type.GetGenericArguments();
        IEnumerable<string> inner = arguments.Select((argument, i) => Name(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(i)));
        return $"{name.Split('`')[0]}<{string.Join(", ", inner)}>{suffix}";
    }
}
