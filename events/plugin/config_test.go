package plugin

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/setting"
)

// server is embedded, as settings that several plugins share are.
type server struct {
	Host string         `envconfig:"T_HOST" default:"localhost" desc:"the host"`
	Pass setting.Secret `envconfig:"T_PASSWORD" desc:"the password"`
}

// config has a field of every kind that envconfig can fill.
type config struct {
	server
	Every   setting.Duration `envconfig:"T_EVERY" default:"30s" desc:"how often"`
	Verify  setting.YesNo    `envconfig:"T_VERIFY" default:"true" desc:"whether"`
	Count   setting.Count    `envconfig:"T_COUNT" default:"3" desc:"how many"`
	Small   int8             `envconfig:"T_SMALL" default:"-7" desc:"a small number"`
	Size    uint16           `envconfig:"T_SIZE" desc:"a number that is not negative"`
	Ratio   float64          `envconfig:"T_RATIO" default:"0.5" desc:"a ratio"`
	Plain   bool             `envconfig:"T_PLAIN" desc:"a plain switch"`
	Wait    time.Duration    `envconfig:"T_WAIT" default:"1s" desc:"a plain time"`
	Proxy   proxy            `envconfig:"T_PROXY" desc:"a URL"`
	Names   setting.Words    `envconfig:"T_NAMES" default:"a,b" desc:"some words"`
	private int              //nolint:unused // shows that fields without a tag are left alone
	Derived string
}

// proxy is a value whose mistakes repeat what was written, as those of net/url do.
type proxy struct{ *url.URL }

func (p *proxy) Decode(text string) (err error) {
	p.URL, err = url.Parse(text)
	return err
}

func load(environ ...string) (c config, err error) {
	err = Load(NewEnvironment(environ), &c)
	return c, err
}

// If this failed, a setting would not be what the docs say when nothing is set, or not be what was set.
func TestDefaultsAndValues(t *testing.T) {
	got, err := load("T_HOST=", "T_SIZE=")
	want := config{
		server: server{Host: "localhost"}, Every: setting.Duration(30 * time.Second), Verify: true, Count: 3, Small: -7,
		Ratio: 0.5, Wait: time.Second, Names: setting.Words{"a", "b"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	got, err = load("T_HOST=db", "T_EVERY=2.5", "T_VERIFY=no", "T_COUNT=0", "T_SMALL=127", "T_SIZE=65535", "T_RATIO=-1e-3",
		"T_PLAIN=true", "T_WAIT=2m", "T_NAMES= x , ,y", "T_PASSWORD_FILE="+file(t, "sword fish\n"))
	want = config{
		server: server{Host: "db", Pass: "sword fish"}, Every: setting.Duration(2500 * time.Millisecond), Small: 127, Size: 65535,
		Ratio: -1e-3, Plain: true, Wait: 2 * time.Minute, Names: setting.Words{"x", "y"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

// If this failed, a user would mend one mistake at a time, start after start, or not be told what would be right.
func TestAllMistakesAtOnce(t *testing.T) {
	_, err := load("T_HOST=ok", "T_EVERY=soon", "T_VERIFY=maybe", "T_COUNT=-1", "T_SMALL=128", "T_SIZE=-1", "T_RATIO=much",
		"T_PLAIN=perhaps", "T_NAMES=,", "T_PASSWORD=a", "T_PASSWORD_FILE=b")
	check(t, err, `T_PASSWORD_FILE="b": T_PASSWORD is set too; want only one of them
T_EVERY="soon": not a time span; want seconds such as 30 or 2.5, or a duration such as 1m30s
T_VERIFY="maybe": neither yes nor no; want yes or no (true, false, on, off, 1, 0)
T_COUNT="-1": not a count; want a whole number such as 3
T_SMALL="128": not a number that fits; want a whole number (int8)
T_SIZE="-1": not a number that fits; want a whole number (uint16)
T_RATIO="much": not a number that fits; want a number such as 0.5
T_PLAIN="perhaps": neither true nor false; want one of them
T_NAMES=",": an empty list; want words separated by commas`)
	var ms setting.Mistakes
	if !errors.As(err, &ms) || len(ms) != 9 {
		t.Errorf("%T with %d mistakes, want setting.Mistakes with 9", err, len(ms))
	}
}

// If this failed, a number that does not fit would be cut to another one in silence.
func TestNumbersOutOfRange(t *testing.T) {
	for _, value := range []string{"-129", "128", "1e2", "1.0", "99999999999999999999", "seven", " 7", "0x", "٣"} {
		_, err := load("T_SMALL=" + value)
		check(t, err, fmt.Sprintf("T_SMALL=%q: not a number that fits; want a whole number (int8)", value))
	}
	for _, value := range []string{"1e999", "half", "1,5"} {
		_, err := load("T_RATIO=" + value)
		check(t, err, fmt.Sprintf("T_RATIO=%q: not a number that fits; want a number such as 0.5", value))
	}
}

// If this failed, a password in a URL would be in the log, in the value or in what the library says about it.
// (Seen to fail without the redaction in plain.)
func TestMistakesHoldNoPasswordOfAURL(t *testing.T) {
	for _, environ := range []string{
		"T_EVERY=http://user:swordfish@proxy:3128",
		"T_WAIT=http://user:swordfish@proxy:3128",
		"T_PROXY=http://user:swordfish@proxy:port",
		"T_PASSWORD_FILE=http://user:swordfish@vault/secret",
	} {
		_, err := load(environ)
		if err == nil || strings.Contains(err.Error(), "swordfish") || !strings.Contains(err.Error(), "xxxxx@") {
			t.Errorf("%s: got %v, want a mistake without the password", environ, err)
		}
	}
}

// strict has an opinion about its fields together.
type strict struct {
	server
	Count setting.Count `envconfig:"T_COUNT" default:"3" desc:"how many"`
}

func (s *strict) Validate() error {
	var ms setting.Mistakes
	if s.Pass != "" && len(s.Pass) < 8 {
		ms.Add("T_PASSWORD", s.Pass.String(), errors.New("too short; want 8 characters or more"))
	}
	if s.Count == 0 {
		ms.Add("T_COUNT", s.Count.String(), errors.New("zero; want 1 or more"))
	}
	return ms.Err()
}

// If this failed, a secret would be in the log just because it is wrong.
func TestAWrongSecretIsHidden(t *testing.T) {
	err := Load(NewEnvironment([]string{"T_PASSWORD=fish", "T_COUNT=0"}), &strict{})
	check(t, err, `T_PASSWORD="(hidden)": too short; want 8 characters or more
T_COUNT="0": zero; want 1 or more`)
	c, err := load("T_PASSWORD=swordfish")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, "swordfish") {
			t.Errorf("%s shows the secret: %s", verb, text)
		}
	}
}

// If this failed, a user would mend what was read wrongly and only then be told of the rest, or be told of mistakes
// that only follow from others.
func TestValidateAddsWhatDoesNotFollowFromOtherMistakes(t *testing.T) {
	err := Load(NewEnvironment([]string{"T_COUNT=many", "T_PASSWORD=fish"}), &strict{})
	check(t, err, `T_COUNT="many": not a count; want a whole number such as 3
T_PASSWORD="(hidden)": too short; want 8 characters or more`)
	err = Load(NewEnvironment([]string{"T_COUNT=0", "T_PASSWORD=fish", "T_PASSWORD_FILE=secret"}), &strict{})
	check(t, err, `T_PASSWORD_FILE="secret": T_PASSWORD is set too; want only one of them
T_COUNT="0": zero; want 1 or more`)
	check(t, Load(NewEnvironment(nil), &needy{}), "T_PASSWORD: missing\nT_PORT: missing")
	// What is required and cannot be read is one mistake, not two.
	check(t, Load(NewEnvironment([]string{"T_PASSWORD=x", "T_PORT=ssh"}), &needy{}), `T_PORT="ssh": not a count; want a whole number such as 3`)
	var ms setting.Mistakes
	err = Load(NewEnvironment([]string{"T_PORT=1", "T_PASSWORD_FILE=" + t.TempDir()}), &needy{})
	if !errors.As(err, &ms) || len(ms) != 1 || ms[0].Where != "T_PASSWORD_FILE" {
		t.Errorf("got %v, want one mistake that blames T_PASSWORD_FILE", err)
	}
}

// needy requires what it has no default for.
type needy struct {
	server
	Port setting.Count `envconfig:"T_PORT" desc:"the port"`
}

func (n needy) Validate() error {
	var ms setting.Mistakes
	if n.Pass == "" {
		ms.Add("T_PASSWORD", "", errors.New("missing"))
	}
	if n.Port == 0 {
		ms.Add("T_PORT", "", errors.New("missing"))
	}
	return ms.Err()
}

// If this failed, the reference of the variables would lack some, or be in no order that makes sense.
func TestDescribeListsTheVariables(t *testing.T) {
	got := Describe(&strict{})
	want := []Variable{
		{Name: "T_HOST", Default: "localhost", Desc: "the host"},
		{Name: "T_PASSWORD", Desc: "the password", Secret: true},
		{Name: "T_COUNT", Default: "3", Desc: "how many"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// If this failed, a variable could be added without a word on what it means.
func TestAVariableWithoutAMeaningIsADefect(t *testing.T) {
	defer func() {
		if got := recover(); got != "plugin: T_X has no desc" {
			t.Errorf("got %v", got)
		}
	}()
	Describe(&struct {
		X string `envconfig:"T_X"`
	}{})
}

// If this failed, a value with an odd character would arrive as another one, or not at all.
func FuzzATextArrivesAsWritten(f *testing.F) {
	for _, text := range []string{"a", " a ", `"`, `\`, "`", "a,b", "$HOME", "\x00", "\xff", "é\n", `default:"x"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := load("T_HOST="+text, "T_PASSWORD="+text)
		want := text
		if text == "" {
			want = "localhost"
		}
		if err != nil || c.Host != want || string(c.Pass) != text {
			t.Errorf("%q arrives as %q and %q, %v", text, c.Host, string(c.Pass), err)
		}
	})
}
