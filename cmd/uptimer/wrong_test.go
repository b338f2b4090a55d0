package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wrongSettings are settings that cannot be in force, and what is said of them, to the letter. {dir} stands for the
// test's folder.
var wrongSettings = []struct {
	set  []string
	want []string
}{
	{nil, []string{`PROBE_URLS: nothing to probe; want for example PROBE_URLS=https://example.com uptimer`}},
	{[]string{"PROBE_URLS="}, []string{`PROBE_URLS: nothing to probe; want for example PROBE_URLS=https://example.com uptimer`}},
	{[]string{"PROBE_URLS=ftp://a.example"}, []string{`PROBE_URLS="ftp://a.example": unknown scheme ftp, did you mean http? want http, https, tcp or icmp`}},
	{[]string{"PROBE_URLS=https://a.example/x,https://u:geheim@b.example/y"}, []string{`PROBE_URLS="https://a.example/x,https://xxxxx@b.example/y": several URLs in one; want a list`}},
	{[]string{"PROBE_URLS=tcp://a.example"}, []string{`PROBE_URLS="tcp://a.example": the port is missing; want tcp://host:port`}},
	{[]string{"PROBE_URLS=http://a.example:99999"}, []string{`PROBE_URLS="http://a.example:99999": `}},
	{[]string{"PROBE_URLS=icmp://a.example:7"}, []string{`PROBE_URLS="icmp://a.example:7": `}},
	{[]string{`PROBE_URLS=["https://a.example", "nonsense://b"]`}, []string{`PROBE_URLS[2]="nonsense://b": `}},
	{[]string{"PROBE_URLS=https://user:geheim@"}, []string{`PROBE_URLS="https://xxxxx@": `}},
	{[]string{"PROBE_URLS=a.example", "PROBE_REGEXES=("}, []string{`PROBE_REGEXES="(": not a regular expression: missing closing ): "("; want Go's syntax (RE2)`}},
	{[]string{"PROBE_URLS=a.example", `PROBE_REGEXES=["a", "b"]`}, []string{`PROBE_REGEXES`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_INTERVAL=0"}, []string{`PROBE_INTERVAL="0": zero; want a time above zero such as 30 or 1m30s, or -1 to check every target once`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_INTERVAL=soon"}, []string{`PROBE_INTERVAL="soon": not a time span; want seconds such as 30 or 2.5, or a duration such as 1m30s`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_TIMEOUT=0"}, []string{`PROBE_TIMEOUT="0": `}},
	{[]string{"PROBE_URLS=a.example", "PROBE_TIMEOUT=-3"}, []string{`PROBE_TIMEOUT="-3": `}},
	{[]string{"PROBE_URLS=a.example", "PROBE_TIMEOUT=1 minute"}, []string{`PROBE_TIMEOUT="1 minute": not a time span`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_COUNT=0"}, []string{`PROBE_COUNT="0": not a number of checks; want a whole number above zero, or nothing for no end`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_COUNT=two"}, []string{`PROBE_COUNT="two": not a number of checks`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_CONCURRENCY=0"}, []string{`PROBE_CONCURRENCY="0": not a number of checks; want auto or a whole number from 1 to 1000000`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_CONCURRENCY=many"}, []string{`PROBE_CONCURRENCY="many": `}},
	{[]string{"PROBE_URLS=a.example", "PROBE_LOCATION=\xff"}, []string{`PROBE_LOCATION="\xff": not a name for every event; want at most 255 bytes of UTF-8 without control characters`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_INSTANCE_FILE=/dev/zero"}, []string{`PROBE_INSTANCE_FILE="/dev/zero": cannot be read: longer than 1 MiB; want the path of a file that holds the value`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_TLS_VERIFY=perhaps"}, []string{`PROBE_TLS_VERIFY="perhaps": neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_EXPECTED_STATUS=2xx"}, []string{`PROBE_EXPECTED_STATUS="2xx": not a list of status codes; want 200-299 for 2xx`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_METHOD=GET IT"}, []string{`PROBE_METHOD="GET IT": `}},
	{[]string{"PROBE_URLS=a.example", "PROBE_FOLLOW_REDIRECTS=-1"}, []string{`PROBE_FOLLOW_REDIRECTS="-1": not a count; want a whole number such as 3`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_MAX_BODY=lots"}, []string{`PROBE_MAX_BODY="lots": not an amount of memory; want a number above zero with a unit such as 256MiB or 1GB`}},
	{[]string{"PROBE_URLS=a.example", "BUFFER_BYTES=0"}, []string{`BUFFER_BYTES="0": not an amount of memory`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_KEEPALIVE=maybe"}, []string{`PROBE_KEEPALIVE="maybe": neither yes nor no; want yes or no (true, false, on, off, 1, 0)`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_PROXY=socks5://127.0.0.1:1080"}, []string{`PROBE_PROXY="socks5://127.0.0.1:1080": `}},
	{[]string{"PROBE_URLS=a.example", "PROBE_RESOLVER=a:b:c"}, []string{`PROBE_RESOLVER="a:b:c": not a DNS server; want host:port such as 192.0.2.53:53 or [2001:db8::53]:53`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_IP_FAMILY=5"}, []string{`PROBE_IP_FAMILY="5": `}},
	{[]string{"PROBE_URLS=http://127.0.0.1", "PROBE_IP_FAMILY=6"}, []string{`PROBE_URLS="http://127.0.0.1": an IPv4 address, but PROBE_IP_FAMILY is 6; want PROBE_IP_FAMILY=any`}},
	{[]string{"PROBE_URLS=icmp://a.example", "PROBE_ICMP_COUNT=0"}, []string{`PROBE_ICMP_COUNT="0": `}},
	{[]string{"PROBE_URLS=a.example", "READER_PLUGIN=gopher"}, []string{`READER_PLUGIN="gopher": no such plugin; want one of probes, http, tcp, icmp, dummy, kafka`}},
	{[]string{"PROBE_URLS=a.example", "READER_PLUGIN=dummy,http"}, []string{`READER_PLUGIN="dummy,http": more than one reader; want one, or a list of protocols such as http,tcp`}},
	{[]string{"PROBE_URLS=https://a.example", "READER_PLUGIN=tcp"}, []string{`PROBE_URLS="https://a.example": `}},
	{[]string{"PROBE_URLS=a.example", "WRITER_PLUGIN=paper"}, []string{`WRITER_PLUGIN="paper": no such plugin; want one of stdout, kafka, postgres, or a list of them`}},
	{[]string{"PROBE_URLS=a.example", "WRITER_PLUGIN=paper,stdout,stone"}, []string{`WRITER_PLUGIN="paper": no such plugin; want one of`, `WRITER_PLUGIN="stone": no such plugin; want one of`}},
	{[]string{"PROBE_URLS=a.example", "WRITER_PLUGIN=,"}, []string{`WRITER_PLUGIN=",": an empty list; want words separated by commas`}},
	{[]string{"PROBE_URLS=a.example", "WORKERS=0"}, []string{`WORKERS="0": out of range; want 1 to 1000`}},
	{[]string{"PROBE_URLS=a.example", "WORKERS=1001"}, []string{`WORKERS="1001": out of range; want 1 to 1000`}},
	{[]string{"PROBE_URLS=a.example", "WORKERS=-2"}, []string{`WORKERS="-2": not a count; want a whole number such as 3`}},
	{[]string{"PROBE_URLS=a.example", "WORKERS=two"}, []string{`WORKERS="two": not a count; want a whole number such as 3`}},
	{[]string{"READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout,kafka,postgres", "WORKERS=3", "STDOUT_FORMAT=xml", "BUFFER_BYTES=0"}, []string{
		`BUFFER_BYTES="0": not an amount of memory`, `KAFKA_READER_TOPIC: not set; want the name of a topic such as uptimer-events`,
		`KAFKA_BOOTSTRAP_SERVER: not set`, `STDOUT_FORMAT="xml": unknown`, `KAFKA_WRITER_TOPIC: not set`, `DATABASE_URL: not set`,
	}},
	{[]string{"READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout,kafka", "KAFKA_BOOTSTRAP_SERVER=b:1", "KAFKA_READER_TOPIC=a", "KAFKA_WRITER_TOPIC=a"}, []string{
		`KAFKA_WRITER_TOPIC="a": the topic that is read, so each event would be read and written for ever; want another`,
	}},
	{[]string{"READER_PLUGIN=kafka", "WRITER_PLUGIN=kafka", "KAFKA_BOOTSTRAP_SERVER=b:1", "KAFKA_READER_TOPIC=a", "KAFKA_WRITER_TOPIC=a.dead-letter"}, []string{
		`KAFKA_WRITER_TOPIC="a.dead-letter": the topic for dead letters, which would be among the events; want another`,
	}},
	{[]string{"READER_PLUGIN=dummy", "WRITER_PLUGIN=kafka,postgres", "KAFKA_BOOTSTRAP_SERVER=broker", "KAFKA_WRITER_TOPIC=a b", "KAFKA_COMPRESSION=zip",
		"KAFKA_SASL_USERNAME=u", "KAFKA_SASL_PASSWORD=geheim", "KAFKA_SASL_MECHANISM=GSSAPI", "KAFKA_SSL_CAFILE={dir}/none.pem",
		"DATABASE_URL=postgres://u:geheim@db/x?sslmode=perhaps", "POSTGRES_PAGESIZE=0", "POSTGRES_RETENTION=1d"}, []string{
		`KAFKA_COMPRESSION="zip": `, `KAFKA_WRITER_TOPIC="a b": `, `KAFKA_BOOTSTRAP_SERVER="broker": not the address of a broker; want host:port such as localhost:9092`,
		`KAFKA_SSL_CAFILE="{dir}/none.pem": `, `KAFKA_SASL_MECHANISM="GSSAPI": `,
		`POSTGRES_RETENTION="1d": `, `DATABASE_URL="(hidden)": `, `POSTGRES_PAGESIZE="0": `,
	}},
	{[]string{"PROBE_URLS=a.example", "STDOUT_FORMAT=xml"}, []string{`STDOUT_FORMAT="xml": unknown; want one of json, pretty, text`}},
	{[]string{"PROBE_URLS=a.example", "LOG_LEVEL=loud"}, []string{`LOG_LEVEL="loud": unknown; want one of debug, info, warn, error`}},
	{[]string{"PROBE_URLS=a.example", "LOG_FORMAT=xml"}, []string{`LOG_FORMAT="xml": unknown; want one of text, json`}},
	{[]string{"PROBE_URLS=a.example", "SHUTDOWN_GRACE=-1"}, []string{`SHUTDOWN_GRACE="-1": below zero; want a time span such as 8s`}},
	{[]string{"PROBE_URLS=a.example", "METRICS_ADDR=9090"}, []string{`METRICS_ADDR="9090": not an address to listen at; want host:port such as 127.0.0.1:9090 or :9090`}},
	{[]string{"READER_PLUGIN=dummy", "DUMMY_EVENT_COUNT=ten"}, []string{`DUMMY_EVENT_COUNT="ten": not a count; want a whole number such as 3`}},
	{[]string{"PROBE_URLS=a.example", "DISTRIBUTED_WORKERS_ENABLED=yes"}, []string{
		`DISTRIBUTED_WORKERS_TOTAL: missing or zero, but DISTRIBUTED_WORKERS_ENABLED is set; want the number of instances, 1 or more`,
		`DISTRIBUTED_WORKERS_INDEX: `,
	}},
	{[]string{"PROBE_URLS=a.example", "DISTRIBUTED_WORKERS_ENABLED=yes", "DISTRIBUTED_WORKERS_TOTAL=3", "DISTRIBUTED_WORKERS_INDEX=uptimer-3"}, []string{
		`DISTRIBUTED_WORKERS_INDEX="uptimer-3": out of range; want 0 to 2, as DISTRIBUTED_WORKERS_TOTAL is 3`,
	}},
	{[]string{"PROBE_URLS=a.example", "PROBE_SHARE_GROUP=a b", "PROBE_COUNT=3"}, []string{
		`PROBE_SHARE_GROUP="a b": set, but PROBE_COUNT is, too; want no PROBE_COUNT: `,
		`KAFKA_BOOTSTRAP_SERVER: not set; want a broker such as localhost:9092`,
		`PROBE_SHARE_GROUP="a b": not a name that a topic can bear after "uptimer-share-"; want up to 235 letters, digits, dots, underscores and hyphens`,
	}},
	{[]string{"PROBE_URLS=a.example", "PROBE_SHARE_GROUP=a", "PROBE_INTERVAL=-1", "WRITER_PLUGIN=kafka", "KAFKA_BOOTSTRAP_SERVER=x", "KAFKA_WRITER_TOPIC=t"}, []string{
		`PROBE_SHARE_GROUP="a": set, but PROBE_INTERVAL is below zero; want DISTRIBUTED_WORKERS_ENABLED to divide a single pass: `,
		`KAFKA_BOOTSTRAP_SERVER="x": not the address of a broker; want host:port such as localhost:9092`,
	}},
	{[]string{"PROBE_URLS=a.example", "PROBE_SHARE_GROUP=a", "KAFKA_BOOTSTRAP_SERVER=a:1", "DISTRIBUTED_WORKERS_ENABLED=yes", "DISTRIBUTED_WORKERS_TOTAL=3", "DISTRIBUTED_WORKERS_INDEX=1"}, []string{
		`PROBE_SHARE_GROUP="a": set, but DISTRIBUTED_WORKERS_ENABLED is, too; want one of them: both divide the list`,
	}},
	{[]string{"PROBE_TARGETS_FILE={dir}/none.csv"}, []string{`PROBE_TARGETS_FILE="{dir}/none.csv": `}},
	{[]string{"PROBE_TARGETS_FILE={dir}/list.txt"}, []string{`PROBE_TARGETS_FILE="{dir}/list.txt": unknown kind of file; want .csv, .yaml or .yml, or - for CSV on standard input`}},
	{[]string{"PROBE_TARGETS_FILE={dir}/bad.csv"}, []string{
		`{dir}/bad.csv:2: interval="soon": `,
		`{dir}/bad.csv:3: url="gopher://b.example": `,
	}},
	{[]string{"PROBE_URLS=a.example", "PROBE_URLS_FILE={dir}/bad.csv"}, []string{`PROBE_URLS_FILE="{dir}/bad.csv": PROBE_URLS is set too; want only one of them`}},
	{[]string{"PROBE_URLS_FILE={dir}/none"}, []string{`PROBE_URLS_FILE="{dir}/none": cannot be read: no such file or directory; want the path of a file that holds the value`}},
	{[]string{"PROBE_URLS=a.example", "PROBE_INTERVAL=x", "LOG_LEVEL=y", "STDOUT_FORMAT=z", "PROBE_COUNT=-1"}, []string{
		`LOG_LEVEL="y"`, `PROBE_INTERVAL="x"`, `PROBE_COUNT="-1"`, `STDOUT_FORMAT="z"`,
	}},
}

// A wrong setting that is taken silently probes something else than its owner believes; one that gives a stack
// trace or no remedy costs an evening.
func TestWrongSettings(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bad.csv"), "url,interval\na.example,soon\ngopher://b.example,5\n")
	write(t, filepath.Join(dir, "list.txt"), "a.example\n")
	for _, c := range wrongSettings {
		t.Run(strings.Join(c.set, " "), func(t *testing.T) {
			got := call(t, replaced(c.set, dir))
			if got.code != exitWrong || got.stdout != "" {
				t.Errorf("exit code %d and stdout %q, want 2 and nothing", got.code, got.stdout)
			}
			lines := got.complaints()
			if len(lines) != len(c.want) {
				t.Fatalf("got %d lines, want %d:\n%s", len(lines), len(c.want), got.stderr)
			}
			for i, want := range replaced(c.want, dir) {
				checkComplaint(t, lines, i, "uptimer: "+want)
			}
			if strings.Contains(got.stderr, "geheim") || strings.Contains(got.stderr, "goroutine ") {
				t.Errorf("a secret or a stack trace is in:\n%s", got.stderr)
			}
		})
	}
}

// checkComplaint wants line i to begin as said, and to say what would be right.
func checkComplaint(t *testing.T, lines []string, i int, want string) {
	t.Helper()
	if !strings.HasPrefix(lines[i], want) {
		t.Errorf("line %d is\n%s\nwant\n%s", i+1, lines[i], want)
	}
	if !strings.Contains(lines[i], "want ") {
		t.Errorf("line %d does not say what would be right: %s", i+1, lines[i])
	}
}

func replaced(texts []string, dir string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = strings.ReplaceAll(texts[i], "{dir}", dir)
	}
	return texts
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A slip in a command must not do something else than was meant, nor end with a code that means something else.
func TestWrongCalls(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"frobnicate"}, `uptimer: unknown command or argument "frobnicate" for uptimer`},
		{[]string{"chek"}, `uptimer: unknown command or argument "chek" for uptimer; did you mean check?`},
		{[]string{"run", "now"}, `uptimer: unknown command or argument "now" for uptimer run`},
		{[]string{"--\x1b[31m"}, `uptimer: unknown flag: --\x1b[31m; see uptimer --help`},
		{[]string{"--frob"}, `uptimer: unknown flag: --frob; see uptimer --help`},
		{[]string{"config", "--html"}, `uptimer: unknown flag: --html; see uptimer config --help`},
		{[]string{"schema", "Nonsense"}, `uptimer: `},
		{[]string{"schema", "a", "b"}, `uptimer: uptimer schema takes at most one argument, got 2: ["a" "b"]`},
		{[]string{"targets", "frob"}, `uptimer: unknown command or argument "frob" for uptimer targets`},
		{[]string{"health"}, `uptimer: METRICS_ADDR is off, so there is nobody to ask; want host:port such as 127.0.0.1:9090`},
	} {
		got := call(t, nil, c.args...)
		if got.code != exitWrong || got.stdout != "" || !strings.HasPrefix(got.stderr, c.want) {
			t.Errorf("%q: exit code %d, stdout %q, stderr\n%s\nwant 2, nothing and\n%s", c.args, got.code, got.stdout, got.stderr, c.want)
		}
	}
}

// A slip in a name leaves the default in force, and nobody knows why; a warning about somebody else's variable is noise.
func TestNearMisses(t *testing.T) {
	got := nearMisses([]string{
		"PROBE_URL", "PROBE_URL_FILE", "PROBE_REGEX", "PROBE_URLSFILE", "LOG_LEVELS", "PROBE_TIMOEUT",
		"PROBE_URLS", "PROBE_URLS_FILE", "PATH", "HOME", "LOGNAME", "PROBE_SOMETHING_ELSE", "GOFLAGS",
		"WORKER", "WORKRES", "WORK", "WORKDIR", "BROKER", "WORKERS",
	})
	want := map[string]string{
		"PROBE_URL": "PROBE_URLS", "PROBE_URL_FILE": "PROBE_URLS_FILE", "PROBE_REGEX": "PROBE_REGEXES",
		"PROBE_URLSFILE": "PROBE_URLS_FILE", "LOG_LEVELS": "LOG_LEVEL", "PROBE_TIMOEUT": "PROBE_TIMEOUT",
		"WORKER": "WORKERS", "WORKRES": "WORKERS",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
