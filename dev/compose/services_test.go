package compose

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// `make services` writes addresses on loopback for the tests to use, with an engine the same as without. If this failed,
// they would lead nowhere there, or be open to the network.
func TestServicesForTestsAsContainers(t *testing.T) {
	project := load(t, map[string]string{
		"SERVICES_ROOT": "/srv/root", "SERVICES_USER": "1000:1000", "POSTGRES_PASSWORD_FILE": "/srv/root/postgres-password",
	}, composeFile, "dev/services/compose.yml")
	for name, want := range map[string][]string{
		"kafka":    {"127.0.0.1:19092:19092", "127.0.0.1:19094:19094", "127.0.0.1:19095:19095", "127.0.0.1:19096:19096"},
		"postgres": {"127.0.0.1:25432:5432"},
	} {
		s := project.Services[name]
		var got []string
		for _, p := range s.Ports {
			got = append(got, p.HostIP+":"+p.Published+":"+strconv.FormatUint(uint64(p.Target), 10))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: ports %v, want %v", name, got, want)
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind || !strings.HasPrefix(v.Source, "/srv/root/") || v.Source != v.Target {
				t.Errorf("%s: volume %+v; want folders of the services, at the same place, and none of the product's", name, v)
			}
		}
		if s.Restart != "no" {
			t.Errorf("%s comes back by itself", name)
		}
	}
	kafka := project.Services["kafka"]
	if names := slices.Sorted(maps.Keys(kafka.Environment)); !slices.Equal(names, []string{"KAFKA_HEAP_OPTS", "LOG_DIR"}) {
		t.Errorf("kafka's environment has %v: its settings are in the file", names)
	}
	if kafka.User != "1000:1000" || kafka.Command[1] != "/srv/root/kafka/start" {
		t.Errorf("kafka runs %v as %s", kafka.Command, kafka.User)
	}
	if password := project.Secrets["postgres_password"].File; password != "/srv/root/postgres-password" {
		t.Errorf("the password of postgres is in %s", password)
	}
}
