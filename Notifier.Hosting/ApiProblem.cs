using Notifier.Domain;

namespace Notifier.Hosting;

/// <summary>Errors as <c>application/problem+json</c> (RFC 9457). Where a member is to blame, <c>member</c> is its JSON path and <c>detail</c> says what is wrong with it.</summary>
internal static class ApiProblem
{
    public static IResult Of(int status, string detail, string? member = null) =>
        Results.Problem(detail, statusCode: status, extensions: member is null ? null : [KeyValuePair.Create("member", (object?)member)]);

    public static IResult Unprocessable(Unreadable bad) => Of(StatusCodes.Status422UnprocessableEntity, $"{bad}.", bad.Path);
}
