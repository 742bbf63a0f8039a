// A reporter for node --test: a dot for a passed test, everything for a failed one, and at the end
// `N passed, N failed`.
const totals = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

export default async function* report(source) {
    let passed = 0, failed = 0, dots = 0;
    for await (const { type, data } of source) {
        const isSuite = data?.details?.type === 'suite';
        if (type === 'test:fail' && data.todo !== undefined) {
            yield `\nto do: ${data.name}\n`;
        } else if (type === 'test:pass' && !isSuite && !data.skip) {
            passed++;
            yield ++dots % 80 ? '.' : '.\n';
        } else if (type === 'test:fail') {
            const error = data.details?.error;
            const cause = error?.cause ?? error;
            if (isSuite && error?.failureType === 'subtestsFailed')
                continue;
            failed++;
            dots = 0;
            yield `\nFAILED: ${data.name} (${data.file}:${data.line})\n`
                + `${cause?.stack ?? cause}\n`;
        } else if (type === 'test:diagnostic' && !totals.test(data.message)) {
            yield `\n# ${data.message}\n`;
        } else if (type === 'test:stderr' || type === 'test:stdout') {
            yield data.message;
        }
    }
    yield `\n${passed} passed, ${failed} failed\n`;
}
