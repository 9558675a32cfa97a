namespace Notifier.Worker.Operations;

/// <summary>Who may see the pages of operators: <c>Admin__User</c> and <c>Admin__Password</c>. Unset, the pages are closed, save to the machine itself in development.</summary>
internal sealed record AdminOptions(string? User, string? Password)
{
    public bool IsSet => User is not null;

    public static AdminOptions From(IConfiguration configuration)
    {
        var options = new AdminOptions(Text(configuration["Admin:User"]), Text(configuration["Admin:Password"]));
        if (options.User is null && options.Password is not null) throw new SettingException("Admin__User", "is not set, although Admin__Password is; set both or none");
        if (options.User is not null && options.Password is null) throw new SettingException("Admin__Password", "is not set, although Admin__User is; set both or none");
        if (options.User?.Contains(':') is true) throw new SettingException("Admin__User", "must not contain a colon; Basic authentication ends the name there");
        return options;
    }

    private static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
