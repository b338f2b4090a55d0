package targets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/migrations"
)

// migrated is a database of a test's own with all tables.
func migrated(t *testing.T) string {
	t.Helper()
	url := testservices.Database(t)
	if _, err := migrations.Up(t.Context(), connect(t, url)); err != nil {
		t.Fatal(err)
	}
	return url
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(conn) })
	return conn
}

func tableAt(url string) *Table {
	return NewTable(database.Config{URL: setting.Secret(url)}, slog.New(slog.DiscardHandler))
}

// fromTable is a source that has the table alone.
func fromTable(url string) *Source {
	cfg := defaults()
	cfg.Table = tableName
	return NewSource(cfg, nil, nil).WithTable(tableAt(url))
}

// imported puts a list into the table.
func imported(t *testing.T, url, name, content string, disableMissing bool) Imported {
	t.Helper()
	cfg := defaults()
	cfg.File = filepath.Join(t.TempDir(), name)
	writeFile(t, cfg.File, content)
	list, err := NewSource(cfg, nil, nil).LoadToStore()
	if err != nil {
		t.Fatal(err)
	}
	sum, err := tableAt(url).Import(t.Context(), list, disableMissing, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func loaded(t *testing.T, s *Source) *List {
	t.Helper()
	list, err := s.LoadAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// sameLists compares what is checked, in any order.
func sameLists(t *testing.T, what string, got, want *List) {
	t.Helper()
	sorted := func(l *List) []Target {
		return slices.SortedFunc(slices.Values(l.Targets), func(a, b Target) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	}
	g, w := sorted(got), sorted(want)
	if len(g) != len(w) {
		t.Fatalf("%s: %d targets, want %d", what, len(g), len(w))
	}
	for i := range g {
		if !g[i].SameCheck(w[i]) {
			t.Errorf("%s:\n%+v %+v, want\n%+v %+v", what, g[i], *g[i].Options, w[i], *w[i].Options)
		}
	}
}

// oddities is what lists have trouble with. Those with white space at their ends or CR LF are beyond CSV.
var oddities = []string{`"`, `""`, `;`, `\;`, `\`, `\\;`, `=`, `a=b`, `\=`, `\\=`, `,`, `#`, `'`, `: `, `- `, `{`, `]`, `&a`, `*a`, `!`, `|`, `%`, `@`, "`", `~`, `null`,
	`yes`, `0x1`, `1e3`, "a\nb", "a\n#b", "a\rb", "ä", "\u2028", "\u0085x", "x\u00a0y", "\ufeffx", "😀", "\x7f", "\x1b[0m", `\x41`, `<!>`, `a;b=c\;d`}

var beyondCSV = []string{" x", "x ", "\n", "a\r\nb", "\tx\t"}

// oddText is some of them in a row.
func oddText(r *rand.Rand, more []string) string {
	all := slices.Concat(oddities, more)
	var text string
	for range 1 + r.IntN(3) {
		text += all[r.IntN(len(all))]
	}
	return text
}

// oddList is a list in YAML of targets that are hard to write.
func oddList(r *rand.Rand, n int, more []string) string {
	var out strings.Builder
	for i := range n {
		// What a list trims at the ends of names and values is no oddity here.
		odd := func() string { return strings.TrimSpace(oddText(r, nil)) }
		oneLine := strings.Map(func(c rune) rune {
			if c < ' ' || c == 0x7f || c == '\u0085' {
				return '.'
			}
			return c
		}, oddText(r, nil))
		body := oddText(r, more)
		if more == nil {
			body = strings.TrimSpace(body)
		}
		fmt.Fprintf(&out, "- url: %s\n", yamlQuote(fmt.Sprintf("http://u:p%%40@h%d.example/%d?a=b;c,\"", i, r.IntN(9))))
		fmt.Fprintf(&out, "  name: %s\n", yamlQuote(fmt.Sprintf("%d%s", i, oneLine)))
		fmt.Fprintf(&out, "  interval: %q\n  timeout: %q\n", []string{"", "30", "2.5", "1m"}[r.IntN(4)], []string{"", "1"}[r.IntN(2)])
		fmt.Fprintf(&out, "  body: %s\n  regex: %s\n", yamlQuote(body), yamlQuote(regexpQuoted(oddText(r, more))))
		fmt.Fprintf(&out, "  labels: {%s: %s, %s: %s}\n", yamlQuote("a"+strings.ReplaceAll(oneLine, "\u2028", "")), yamlQuote(odd()), yamlQuote(`b\`), yamlQuote(odd()))
		fmt.Fprintf(&out, "  headers: {X-A: [%s, %s], Accept: '*/*'}\n", yamlQuote(oneLine), yamlQuote(`v;\`))
	}
	return out.String()
}

func regexpQuoted(text string) string {
	return `[` + strings.NewReplacer(`\`, `\\`, `]`, `\]`, `[`, `\[`, `^`, `\^`, `-`, `\-`).Replace(text) + `]`
}

// If this failed, a list that was imported, or exported, would check something else than what was written in it. Seen to
// fail without beforeMark, and without the escape of an equals sign.
func TestImportAndExportKeepEverything(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	url := migrated(t)
	for round := range 6 {
		form, name, more := YAML, "back.yaml", beyondCSV
		if round%2 == 0 {
			form, name, more = CSV, "back.csv", nil
		}
		path := filepath.Join(t.TempDir(), "list.yaml")
		writeFile(t, path, oddList(r, 40, more))
		cfg := defaults()
		cfg.File = path
		want, err := NewSource(cfg, nil, nil).Load()
		if err != nil {
			t.Fatal(err)
		}
		content, _ := os.ReadFile(path)
		imported(t, url, "list.yaml", string(content), true)
		sameLists(t, "the table", loaded(t, fromTable(url)), want)

		var out bytes.Buffer
		if n, err := tableAt(url).Export(t.Context(), &out, form, nil); err != nil || n != len(want.Targets) {
			t.Fatalf("%d targets, %v", n, err)
		}
		cfg.File = filepath.Join(t.TempDir(), name)
		writeFile(t, cfg.File, out.String())
		back, err := NewSource(cfg, nil, nil).Load()
		if err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		sameLists(t, name, back, want)
		if again := imported(t, url, name, out.String(), true); again != (Imported{Same: len(want.Targets)}) {
			t.Errorf("%s imported again: %+v, want all as before", name, again)
		}
	}
}

// If this failed, an export would lose what CSV cannot hold without a word.
func TestExportSaysWhatCSVCannotHold(t *testing.T) {
	url := migrated(t)
	imported(t, url, "list.yaml", "- {url: http://a.example, body: ' x'}\n- {url: http://b.example, regex: \"a\\r\\nb\"}\n- http://c.example\n", false)
	var out bytes.Buffer
	_, err := tableAt(url).Export(t.Context(), &out, CSV, nil)
	want := "table targets: 08ee8fdd (http://a.example): body: begins or ends with white space, which CSV does not keep; want a .yaml file\n" +
		"table targets: 7e22ae4a (http://b.example): regex: holds a line break of two characters (CR LF), which CSV does not keep; want a .yaml file"
	if got := shortIDs(err); got != shortIDs(errors.New(want)) {
		t.Errorf("%s, want\n%s", got, want)
	}
}

// shortIDs leaves out what nobody can read.
func shortIDs(err error) string {
	var out []string
	for line := range strings.SplitSeq(fmt.Sprint(err), "\n") {
		_, after, _ := strings.Cut(line, " (")
		out = append(out, after)
	}
	return strings.Join(out, "\n")
}

// If this failed, a wrong row would be checked as something else, or its user would not find it; a password would be shown.
func TestMistakesInTheTable(t *testing.T) {
	url := migrated(t)
	const id = "33ea95eb-a074-5116-9fe6-169dc42ac75"
	testservices.Exec(t, url,
		`INSERT INTO targets (target_id, target, url, regex, "interval") VALUES ('`+id+`0', 'https://example.com:443/', 'https://u:swordfish@example.com', '(', 'x')`,
		`INSERT INTO targets (target_id, target) VALUES ('`+id+`1', 'htp://b.example')`,
		`INSERT INTO targets (target_id, target, labels, headers) VALUES ('`+id+`2', 'http://c.example', '[1]', 'X-A: swordfish;nonsense')`,
		`INSERT INTO targets (target_id, target, labels) VALUES ('`+id+`3', 'http://d.example', '{"a": {"b": 1}}')`,
		`INSERT INTO targets (target_id, target, name, url) VALUES ('`+id+`4', 'http://e.example', 'same', NULL), ('`+id+`5', 'http://f.example', 'same', '')`,
		`INSERT INTO targets (target_id, target, enabled) VALUES ('`+id+`6', 'nonsense://', false)`)
	_, err := fromTable(url).LoadAll(t.Context())
	want := `table targets: ` + id + `0 (https://xxxxx@example.com): interval="x": not a time span; want seconds such as 30 or 2.5, or a duration such as 1m30s
table targets: ` + id + `0 (https://xxxxx@example.com): regex="(": not a regular expression: missing closing ): "("; want Go's syntax (RE2)
table targets: ` + id + `1: url="htp://b.example": unknown scheme htp, did you mean http? want http, https, tcp or icmp
table targets: ` + id + `2 (http://c.example): labels: no JSON object; want for example {"team": "a", "tier": "1"}
table targets: ` + id + `2 (http://c.example): headers: a part has no ":"; want X-Key: v;Accept: */*, and \; for a semicolon inside a value
table targets: ` + id + `3 (http://d.example): labels: the label "a" is a list or an object; want a text or a number
table targets: ` + id + `5 (http://f.example): name="same": the same name as table targets: 7af9dee7-e5a2-5c6f-a668-713991c4fc3a (http://e.example), but it differs in url; give one another name`
	if got := fmt.Sprint(err); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// If this failed, rows that were written by hand would give events whose target_id is not that of their URL, or nobody would
// know why their rows and events do not meet.
func TestARowWithAnotherKey(t *testing.T) {
	url := migrated(t)
	testservices.Exec(t, url, `INSERT INTO targets (target_id, target, labels) VALUES (gen_random_uuid(), 'icmp://192.0.2.7', '{"tier": 1, "b": true, "n": null}')`)
	list := loaded(t, fromTable(url))
	if got := list.Targets[0]; got.ID.String() != "74bb8578-86f1-54de-aeea-773b34af08a9" || string(got.LabelsJSON()) != `{"b":"true","n":"","tier":"1"}` {
		t.Errorf("%+v %s", got, got.LabelsJSON())
	}
	if len(list.Notes) != 1 || !strings.Contains(list.Notes[0], "events of icmp://192.0.2.7 have 74bb8578-86f1-54de-aeea-773b34af08a9") {
		t.Errorf("%q", list.Notes)
	}
}

// If this failed, an import would change what stored events are read back with, or wake those who follow the table for
// nothing.
func TestImportChangesOnlyWhatIsToChange(t *testing.T) {
	url := migrated(t)
	const list = "- {url: 'http://new.example/x', name: moved, labels: {a: b}}\n- tcp://db.example.com:5432\n"
	// As the writer of events adds them.
	testservices.Exec(t, url, `INSERT INTO targets (target_id, target, protocol, hostname, port, path, name, enabled)
		VALUES (`+idSQL("name:moved")+`, 'http://old.example/', 'http', 'old.example', 80, '/', 'moved', false)`)
	if got := imported(t, url, "l.yaml", list, false); got != (Imported{New: 1, Changed: 1}) {
		t.Errorf("%+v", got)
	}
	conn := connect(t, url)
	row := func(sql string) (s string) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), sql).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	const kept = `SELECT concat_ws(' ', target, protocol, hostname, port, path, target_name, url, labels, enabled) FROM targets WHERE name = 'moved'`
	if got, want := row(kept), `http://old.example/ http old.example 80 / moved http://new.example/x {"a": "b"} t`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	const added = `SELECT concat_ws(' ', target_id, target, protocol, hostname, port, coalesce(path, 'null'), coalesce(name, 'null'), url) FROM targets WHERE protocol = 'tcp'`
	if got, want := row(added), "0319d016-df24-5eee-8f12-28500043e4cb tcp://db.example.com:5432 tcp db.example.com 5432 null null tcp://db.example.com:5432"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	const versions = `SELECT string_agg(concat(xmin, xmax), ' ' ORDER BY target_id) || (SELECT max(transaction) FROM target_changes) FROM targets`
	before := row(versions)
	if got := imported(t, url, "l.yaml", list, true); got != (Imported{Same: 2}) || row(versions) != before {
		t.Errorf("again: %+v, %s, before %s", got, row(versions), before)
	}
	if got := imported(t, url, "l.csv", "tcp://db.example.com:5432", true); got != (Imported{Same: 1, Disabled: 1}) {
		t.Errorf("%+v", got)
	}
	sameLists(t, "what is left", loaded(t, fromTable(url)), loaded(t, fromTable(url)))
	if got := len(loaded(t, fromTable(url)).Targets); got != 1 {
		t.Errorf("%d targets, want 1", got)
	}
}

// idSQL is the id of a canonical text.
func idSQL(canonical string) string {
	var scratch []byte
	return "'" + idOf([]byte(canonical), &scratch).String() + "'"
}

// If this failed, half of a list would be in force after a connection broke. Seen to fail with a commit after each page.
func TestImportIsAllOrNothing(t *testing.T) {
	url := migrated(t)
	var list strings.Builder
	for i := range 3 * importPage {
		fmt.Fprintf(&list, "tcp://h%d.example:1\n", i)
	}
	cfg := defaults()
	cfg.File = Stdin
	whole, err := NewSource(cfg, nil, strings.NewReader(list.String())).LoadToStore()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := tableAt(url).Import(ctx, whole, false, func(n int) {
		if n == 2*importPage {
			cancel()
		}
	}); err == nil || !strings.Contains(err.Error(), "it may be run again") {
		t.Errorf("%v", err)
	}
	if list := loaded(t, fromTable(url)); len(list.Targets) != 0 {
		t.Errorf("%d targets after an import that failed", len(list.Targets))
	}
	if sum, err := tableAt(url).Import(t.Context(), whole, false, nil); err != nil || sum.New != 3*importPage {
		t.Errorf("again: %+v, %v", sum, err)
	}
}

// If this failed, standard input, the variables and the table would not be one list, or be lost at the first change.
func TestTableAndStandardInput(t *testing.T) {
	url := migrated(t)
	cfg := defaults()
	cfg.Table, cfg.File, cfg.URLs = tableName, Stdin, "tcp://v.example:1"
	s := NewSource(cfg, nil, strings.NewReader("tcp://i.example:1\ntcp://i.example:1\n")).WithTable(tableAt(url))
	if _, err := s.Load(); err != nil {
		t.Fatal(err)
	}
	imported(t, url, "l.csv", "tcp://t.example:1\ntcp://v.example:1", false)
	for range 2 {
		list := loaded(t, s)
		var urls []string
		for _, target := range list.Targets {
			urls = append(urls, target.URL)
		}
		if want := []string{"tcp://v.example:1", "tcp://i.example:1", "tcp://t.example:1"}; !slices.Equal(urls, want) || len(list.Notes) != 1 {
			t.Errorf("%q, want %q; %q", urls, want, list.Notes)
		}
	}
}
