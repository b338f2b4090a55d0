package topic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic/topictest"
)

// loaded reads a Config from variables, as a plugin does.
func loaded(env ...string) (c Config, err error) {
	if len(env) == 0 || !strings.HasPrefix(env[0], "KAFKA_BOOTSTRAP_SERVER=") {
		env = append([]string{"KAFKA_BOOTSTRAP_SERVER=a:9092"}, env...)
	}
	err = plugin.Load(plugin.NewEnvironment(env), &c)
	return c, err
}

// If this failed, a user would have to set what follows from the rest, or TLS would be off although a CA is given.
func TestTheProtocolFollowsFromTheRest(t *testing.T) {
	files := topictest.Authority(t)
	ca, login := "KAFKA_SSL_CAFILE="+files.CAFile, []string{"KAFKA_SASL_USERNAME=me", "KAFKA_SASL_PASSWORD=x"}
	for _, x := range []struct {
		env  []string
		want string
	}{
		{nil, "PLAINTEXT"}, {[]string{ca}, "SSL"}, {login, "SASL_PLAINTEXT"}, {append(login, ca), "SASL_SSL"},
		{[]string{"KAFKA_SECURITY_PROTOCOL=ssl"}, "SSL"}, {append(login, "KAFKA_SECURITY_PROTOCOL=SASL_SSL"), "SASL_SSL"},
	} {
		c, err := loaded(x.env...)
		if err != nil || c.protocol() != x.want {
			t.Errorf("%v: %s, %v; want %s", x.env, c.protocol(), err, x.want)
			continue
		}
		encryption, err := c.tls()
		if err != nil || (encryption != nil) != strings.HasSuffix(x.want, "SSL") {
			t.Errorf("%v: TLS %v, %v", x.env, encryption != nil, err)
		}
		if mechanism, err := c.sasl(); err != nil || (mechanism != nil) != strings.HasPrefix(x.want, "SASL") {
			t.Errorf("%v: SASL %v, %v", x.env, mechanism != nil, err)
		}
	}
}

// If this failed, a user would not learn what is wrong with the settings, or would learn it one by one.
func TestMistakes(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	files, others := topictest.Authority(t), topictest.Authority(t)
	for _, x := range []struct{ env, want []string }{
		{[]string{"KAFKA_BOOTSTRAP_SERVER="}, []string{`KAFKA_BOOTSTRAP_SERVER: not set; want a broker such as localhost:9092, or a comma list of them`}},
		{[]string{"KAFKA_SASL_PASSWORD=x", "KAFKA_SASL_MECHANISM=GSSAPI"}, []string{
			`KAFKA_SASL_MECHANISM="GSSAPI": unknown; want one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512`,
			`KAFKA_SASL_USERNAME: not set, but KAFKA_SASL_PASSWORD is; want both or none`,
		}},
		{[]string{"KAFKA_BOOTSTRAP_SERVER=a:9092 b:9092"}, []string{
			`KAFKA_BOOTSTRAP_SERVER="a:9092 b:9092": not the address of a broker; want host:port such as localhost:9092`,
		}},
		{[]string{"KAFKA_BOOTSTRAP_SERVER=a:9092, b,:9092,http://c:1"}, []string{
			`KAFKA_BOOTSTRAP_SERVER="b": not the address of a broker; want host:port such as localhost:9092`,
			`KAFKA_BOOTSTRAP_SERVER=":9092": not the address of a broker; want host:port such as localhost:9092`,
			`KAFKA_BOOTSTRAP_SERVER="http://c:1": not the address of a broker; want host:port such as localhost:9092`,
		}},
		{[]string{"KAFKA_SECURITY_PROTOCOL=TLS"}, []string{`KAFKA_SECURITY_PROTOCOL="TLS": unknown; want one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL`}},
		{[]string{"KAFKA_SSL_CAFILE=/nowhere/ca.pem", "KAFKA_SSL_CERTFILE=" + empty}, []string{
			`KAFKA_SSL_CAFILE="/nowhere/ca.pem": cannot be read: no such file or directory; want the path of a PEM file`,
			`KAFKA_SSL_KEYFILE: not set, but KAFKA_SSL_CERTFILE is; want both or none`,
		}},
		{[]string{"KAFKA_SSL_CAFILE=" + empty}, []string{fmt.Sprintf(`KAFKA_SSL_CAFILE=%q: holds no certificate; want a PEM file with one or more`, empty)}},
		{[]string{"KAFKA_SSL_CAFILE=" + files.CAFile, "KAFKA_SSL_KEYFILE=" + files.KeyFile}, []string{`KAFKA_SSL_CERTFILE: not set, but KAFKA_SSL_KEYFILE is; want both or none`}},
		{[]string{"KAFKA_SSL_CAFILE=" + files.CAFile, "KAFKA_SSL_CERTFILE=" + files.CertFile, "KAFKA_SSL_KEYFILE=" + others.KeyFile}, []string{
			fmt.Sprintf(`KAFKA_SSL_CERTFILE=%q: no certificate for the key in %s: tls: private key does not match public key; want PEM files of a certificate and of its key, without a password`, files.CertFile, others.KeyFile),
		}},
		{[]string{"KAFKA_SECURITY_PROTOCOL=PLAINTEXT", "KAFKA_SSL_CAFILE=" + files.CAFile, "KAFKA_SASL_USERNAME=me"}, []string{
			fmt.Sprintf(`KAFKA_SSL_CAFILE=%q: set, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT; want SSL or SASL_SSL there, or not this`, files.CAFile),
			`KAFKA_SASL_USERNAME="me": set, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT; want SASL_PLAINTEXT there, or no user name`,
		}},
		{[]string{"KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM=GSSAPI"}, []string{
			`KAFKA_SASL_MECHANISM="GSSAPI": unknown; want one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512`,
			`KAFKA_SASL_USERNAME: not set, but KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT; want a user name`,
			`KAFKA_SASL_PASSWORD: not set, but KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT; want the user's password`,
		}},
	} {
		_, err := loaded(x.env...)
		if err == nil || err.Error() != strings.Join(x.want, "\n") {
			t.Errorf("%v:\n%v\nwant\n%s", x.env, err, strings.Join(x.want, "\n"))
		}
	}
	var p ProducerConfig
	err := plugin.Load(plugin.NewEnvironment([]string{"KAFKA_TOPIC_PARTITIONS=0", "KAFKA_COMPRESSION=rar"}), &p)
	if want := `KAFKA_COMPRESSION="rar": unknown; want one of none, gzip, snappy, lz4, zstd` + "\n" +
		`KAFKA_TOPIC_PARTITIONS="0": not a number of partitions; want 1 to 10000`; err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

// If this failed, a password would be in a log or in what a person copies into a ticket.
func TestNoSecretInMistakes(t *testing.T) {
	for _, env := range [][]string{
		{"KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT", "KAFKA_SASL_PASSWORD=geheim", "KAFKA_SASL_MECHANISM=NONE"},
		{"KAFKA_SASL_USERNAME=u", "KAFKA_SASL_PASSWORD=geheim\x01", "KAFKA_SASL_MECHANISM=SCRAM-SHA-256"}, // the library repeats it
		{"KAFKA_SASL_PASSWORD=geheim"},
	} {
		c, err := loaded(env...)
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, c, c), "geheim") {
			t.Errorf("%v %+v", err, c)
		}
	}
}

// If this failed, a name that Kafka cannot have would be found out by a broker's odd error.
func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"uptimer-events", "a.b_c-D9", ".", "..", "", "a b", "ä", strings.Repeat("x", 250)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		bad := name == "" || name == "." || name == ".." || len(name) > 249 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" ||
			strings.ContainsFunc(name, func(r rune) bool {
				return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", r)
			})
		if err := CheckName(name); (err != nil) != bad {
			t.Errorf("%q: %v", name, err)
		}
	})
}
