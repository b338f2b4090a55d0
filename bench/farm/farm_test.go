//go:build linux

package farm

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// If this failed, measurements would probe one address until its ports are used up, or keep a farm when they end.
func TestAFarmAnswersAtManyAddresses(t *testing.T) {
	f, err := New(3, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hosts := map[string]bool{}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range 6 {
		answer, err := client.Get(f.URL(i))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if want := fmt.Sprintf("/status/%d", i); string(text) != want {
			t.Errorf("%s answers %q, want %q", f.URL(i), text, want)
		}
		hosts[answer.Request.URL.Host] = true
	}
	if len(hosts) != 3 {
		t.Errorf("%d addresses, want 3", len(hosts))
	}
}
