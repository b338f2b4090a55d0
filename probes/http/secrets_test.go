package http

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// If this failed, a password would stand in events and logs. That the test can fail was seen by leaving out
// withoutUser in nowhere.
func TestNoSecretInAnyResult(t *testing.T) {
	const secret = "s3cret"
	closed := "127.0.0.1:1"
	answers := []string{
		"", "garbage", okHead + "\r\nhello", "HTTP/1.1 500 Oops\r\n\r\n", "HTTP/1.1 401 Unauthorized\r\n\r\n",
	}
	for _, location := range []string{
		"/again", "http://u:s3cret@" + closed + "/", "ftp://u:s3cret@a/", "http://u:s3cret@[::1/", "http://u:s3/s3cret@a:b/",
		"//u:s3cret@" + closed, "u:s3cret@a", "http:u:s3cret@a", `http:\\u:s3cret@a`, "http://u:s3cret@a:0/", "mailto:u:s3cret@a",
	} {
		answers = append(answers, "HTTP/1.1 302 Found\r\nLocation: "+location+"\r\n\r\n")
	}
	for _, answer := range answers {
		addr := servertest.Serve(t, say(answer))
		for _, environ := range []string{"PROBE_PROXY=off", "PROBE_PROXY=http://p:s3cret@" + addr, "PROBE_PROXY=http://p:s3cret@" + closed} {
			check := probestest.Prepare(t, probeWith(t, environ), "http://me:s3cret@"+addr+"/", targets.Options{Headers: "X-Key: s3cret\n", FollowRedirects: "2", Regex: "x"})
			var r probes.Result
			var text string
			if strings.HasSuffix(environ, closed) {
				_, err := check.Run(probestest.Within(t, probestest.Patience))
				text = fmt.Sprint(err)
			} else {
				r, _ = runFor(t, probestest.Patience, check)
				details, _ := json.Marshal(r.Details)
				text = fmt.Sprintf("%+v %s", r, details)
			}
			if strings.Contains(text, secret) {
				t.Errorf("%q by %s: %s", answer, environ, text)
			}
		}
	}
	if text := fmt.Sprintf("%v %#v %s", Proxy("http://u:s3cret@a"), Proxy("u:s3cret@a"), Proxy("http://u:s3@s3cret@a")); strings.Contains(text, secret) {
		t.Error(text)
	}
}
