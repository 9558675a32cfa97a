using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>Binds a section of the configuration so that a value of the wrong type is told like any other wrong setting.</summary>
internal static class SectionBinding
{
    /// <exception cref="OptionsValidationException">A value cannot be read; names the setting in environment form.</exception>
    public static OptionsBuilder<T> BindSection<T>(this OptionsBuilder<T> builder, IConfigurationSection section)
        where T : class =>
        builder.Configure(options => Bind(options, section, builder.Name));

    /// <summary>The same for options of the moment.</summary>
    /// <exception cref="OptionsValidationException">A value cannot be read; names the setting in environment form.</exception>
    public static T Read<T>(IConfigurationSection section)
        where T : class, new()
    {
        var options = new T();
        Bind(options, section, section.Key);
        return options;
    }

    private static void Bind<T>(T options, IConfigurationSection section, string name)
        where T : class
    {
        try
        {
            section.Bind(options);
        }
        catch (InvalidOperationException unreadable)
        {
            throw new OptionsValidationException(name, typeof(T), [Describe<T>(section, unreadable)]);
        }
    }

    // The binder names the path, among other words, in its message; the type's property says what would be right.
    private static string Describe<T>(IConfigurationSection section, InvalidOperationException unreadable)
    {
        var child = section.GetChildren().FirstOrDefault(child => unreadable.Message.Contains($"'{child.Path}'", StringComparison.Ordinal));
        if (child is null)
            return $"{section.Key}: cannot be read";
        var declared = typeof(T).GetProperties().First(property => property.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase)).PropertyType;
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        var right = type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
            : type == typeof(TimeSpan) ? "a duration such as 00:00:30"
            : type == typeof(bool) ? "true or false"
            : "a whole number";
        return $"{child.Path.Replace(":", "__", StringComparison.Ordinal)}: must be {right}";
    }
}
