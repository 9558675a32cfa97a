// Unicode's own plural rules, as Node's ICU has them: for each language, its categories and that of each count.
const counts = [...Array(1300).keys(), 10_000, 999_999, 1_000_000, 1_000_002, 2_000_000, 1_234_567];
const languages = process.argv.slice(2);
console.log(JSON.stringify(Object.fromEntries(languages.map((language) => {
  const rules = new Intl.PluralRules(language);
  return [language, { categories: rules.resolvedOptions().pluralCategories, counts: Object.fromEntries(counts.map((n) => [n, rules.select(n)])) }];
}))));
