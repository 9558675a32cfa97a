using Notifier.Domain;

namespace Notifier.Hosting;

/// <summary>Errors as <c>application/problem+json</c> (RFC 9457). Where a member is to blame, <c>member</c> is its JSON path and <c>detail</c> says what is wrong with it.</summary>
internal static class ApiProblem
{
    public static IResult Of(int status, string detail, string? member = null) => With(status, detail, member is null ? null : ("member", member));

    /// <param name="extension">A member of its own, for who acts on it.</param>
    public static IResult With(int status, string detail, (string Name, object Value)? extension) =>
        Results.Problem(detail, statusCode: status, extensions: extension is { } e ? [KeyValuePair.Create(e.Name, (object?)e.Value)] : null);

    public static IResult Unprocessable(Unreadable bad) => Of(StatusCodes.Status422UnprocessableEntity, $"{bad}.", bad.Path);
}
