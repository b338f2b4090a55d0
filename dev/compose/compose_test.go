package compose

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

const (
	composeFile = "docker-compose.yml"
	scaleFile   = "docker-compose.scale.yml"
)

// both are the two ways that the project is brought up.
var both = [][]string{{composeFile}, {composeFile, scaleFile}}

// ours tells the services that run uptimer from those that run the image of somebody else.
func ours(s types.ServiceConfig) bool { return s.Build != nil }

// everyService calls check for each service of each way to bring the project up.
func everyService(t *testing.T, check func(t *testing.T, s types.ServiceConfig)) {
	t.Helper()
	for _, files := range both {
		project := load(t, nil, files...)
		for _, name := range slices.Sorted(maps.Keys(project.Services)) {
			t.Run(files[len(files)-1]+" "+name, func(t *testing.T) { check(t, project.Services[name]) })
		}
	}
}

// environment is what a service runs with: what the image sets, and what the compose file sets.
func environment(t *testing.T, s types.ServiceConfig) map[string]string {
	t.Helper()
	all := imageEnvironment(t)
	for name, value := range s.Environment {
		if value == nil {
			t.Errorf("%s comes from the shell of whoever starts it", name)
			continue
		}
		all[name] = *value
	}
	return all
}

// A variable that the program does not know has no effect, and nobody notices. Seen to fail with KAFKA_TOPIC in the
// place of KAFKA_WRITER_TOPIC.
func TestVariablesAreKnown(t *testing.T) {
	known := variables(t)
	everyService(t, func(t *testing.T, s types.ServiceConfig) {
		if !ours(s) {
			return
		}
		for name := range environment(t, s) {
			_, direct := known[name]
			if _, fromFile := known[strings.TrimSuffix(name, "_FILE")]; !direct && !fromFile {
				t.Errorf("uptimer knows no variable %s", name)
			}
		}
	})
}

// A command that is none makes a container that starts again and again.
func TestCommandsExist(t *testing.T) {
	everyService(t, func(t *testing.T, s types.ServiceConfig) {
		if ours(s) {
			run(t, ".", nil, program(t), append(slices.Clone([]string(s.Command)), "--help")...)
			if len(s.Entrypoint) > 0 || s.User != "" {
				t.Errorf("entry point %q, user %q; want those of the image", s.Entrypoint, s.User)
			}
		}
	})
}

// Events in hand are lost if the engine kills the program before its own grace is over. Seen to fail with
// stop_grace_period: 8s.
func TestTheEngineWaitsLongerThanTheProgram(t *testing.T) {
	def := variables(t)["SHUTDOWN_GRACE"]
	everyService(t, func(t *testing.T, s types.ServiceConfig) {
		if !ours(s) {
			return
		}
		text := environment(t, s)["SHUTDOWN_GRACE"]
		if text == "" {
			text = def
		}
		grace, err := time.ParseDuration(text)
		if err != nil || s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < grace+5*time.Second {
			t.Errorf("stop_grace_period is %v, SHUTDOWN_GRACE %s: want 5 s more", s.StopGracePeriod, text)
		}
	})
}

// secretName is what a variable is called that holds a password, or may.
var secretName = regexp.MustCompile(`PASSWORD|SECRET|TOKEN|DATABASE_URL|CREDENTIAL`)

// Whoever may call `docker inspect` sees the environment. Seen to fail with DATABASE_URL in the environment of consumer.
func TestNoSecretIsInTheEnvironment(t *testing.T) {
	password := strings.TrimSpace(read(t, "compose/development/postgres_password"))
	everyService(t, func(t *testing.T, s types.ServiceConfig) {
		for name, value := range environment(t, s) {
			if secretName.MatchString(name) && !strings.HasSuffix(name, "_FILE") {
				t.Errorf("%s is in the environment; want %s_FILE", name, name)
			}
			if strings.Contains(value, password) {
				t.Errorf("%s holds the password", name)
			}
			if file, is := strings.CutPrefix(value, "/run/secrets/"); is && !slices.ContainsFunc(s.Secrets, func(g types.ServiceSecretConfig) bool { return g.Source == file }) {
				t.Errorf("%s=%s, and the service is not given that secret", name, value)
			}
		}
	})
	if url := read(t, "compose/development/database_url"); !strings.Contains(url, ":"+password+"@") {
		t.Error("the two files of the development password do not agree")
	}
}

// Other files in the place of those for development are what a deployment sets.
func TestSecretsCanBeReplaced(t *testing.T) {
	project := load(t, map[string]string{"POSTGRES_PASSWORD_FILE": "/srv/p", "DATABASE_URL_FILE": "/srv/u"}, composeFile)
	if p, u := project.Secrets["postgres_password"].File, project.Secrets["database_url"].File; p != "/srv/p" || u != "/srv/u" {
		t.Errorf("the secrets are %q and %q", p, u)
	}
}

// What a container may do beyond its work, somebody who breaks into it may do too; and what it may fill, it fills.
func TestContainersAreConfined(t *testing.T) {
	everyService(t, func(t *testing.T, s types.ServiceConfig) {
		if ours(s) && (!s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || len(s.CapAdd) > 0 || !slices.Contains(s.SecurityOpt, "no-new-privileges:true")) {
			t.Errorf("read_only %v, cap_drop %v, cap_add %v, security_opt %v", s.ReadOnly, s.CapDrop, s.CapAdd, s.SecurityOpt)
		}
		if s.Privileged || s.NetworkMode == "host" || s.MemLimit == 0 {
			t.Errorf("privileged %v, network_mode %q, mem_limit %d", s.Privileged, s.NetworkMode, s.MemLimit)
		}
		if s.Logging == nil || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "" {
			t.Error("the log has no limit")
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("port %s is open to the network", p.Published)
			}
		}
		if s.ContainerName != "" {
			t.Error("a container with a name cannot be scaled")
		}
	})
}

// exactVersion is a tag that names one version.
var exactVersion = regexp.MustCompile(`:\d+\.\d+(\.\d+)?(-[a-z]+)?$`)

// A broker that is another one tomorrow is no base to find an error on. Seen to fail with postgres:latest.
func TestImagesArePinned(t *testing.T) {
	everyService(t, func(t *testing.T, s types.ServiceConfig) {
		if !ours(s) && !exactVersion.MatchString(s.Image) {
			t.Errorf("image %s; want an exact version", s.Image)
		}
	})
	pom := read(t, "dev/services/pom.xml")
	version := strings.TrimPrefix(load(t, nil, composeFile).Services["kafka"].Image, "apache/kafka:")
	if !strings.Contains(pom, "<artifactId>kafka_2.13</artifactId>\n      <version>"+version+"<") {
		t.Errorf("Kafka is %s here, and another one in dev/services/pom.xml", version)
	}
}

// Services that start in the wrong order fill the log with faults that are none, or never start. Seen to fail with
// service_started for migrate.
func TestOrderOfTheStart(t *testing.T) {
	want := map[string]map[string]string{
		"kafka": {}, "postgres": {},
		"migrate":  {"postgres": types.ServiceConditionHealthy},
		"producer": {"kafka": types.ServiceConditionHealthy},
		"consumer": {"kafka": types.ServiceConditionHealthy, "migrate": types.ServiceConditionCompletedSuccessfully},
	}
	everyService(t, func(t *testing.T, s types.ServiceConfig) {
		got := map[string]string{}
		for name, d := range s.DependsOn {
			got[name] = d.Condition
		}
		base, _, _ := strings.Cut(s.Name, "-")
		if !maps.Equal(got, want[base]) {
			t.Errorf("it waits for %v, want %v", got, want[base])
		}
		oneShot := base == "migrate"
		if restart := map[bool]string{true: "no", false: "unless-stopped"}[oneShot]; s.Restart != restart {
			t.Errorf("restart is %q, want %q", s.Restart, restart)
		}
		switch disabled := s.HealthCheck != nil && s.HealthCheck.Disable; {
		case disabled != oneShot:
			t.Errorf("health check disabled: %v", disabled)
		case !ours(s) && s.HealthCheck == nil:
			t.Error("it has no health check, and others wait for it to be healthy")
		}
	})
}

// Data that is not in a volume is gone with the container. Seen to fail with KAFKA_LOG_DIRS in /tmp.
func TestDataOutlivesContainers(t *testing.T) {
	project := load(t, nil, composeFile)
	for service, folder := range map[string]string{
		"kafka":    *project.Services["kafka"].Environment["KAFKA_LOG_DIRS"],
		"postgres": "/var/lib/postgresql/data", // as the image has it up to version 17
	} {
		if !slices.ContainsFunc(project.Services[service].Volumes, func(v types.ServiceVolumeConfig) bool {
			return v.Type == types.VolumeTypeVolume && v.Source != "" && v.Target == folder
		}) {
			t.Errorf("%s has no named volume at %s", service, folder)
		}
	}
}

// A consumer of another topic than the producer's waits for ever.
func TestAllUseOneTopic(t *testing.T) {
	services := load(t, nil, composeFile).Services
	topic := *services["producer"].Environment["KAFKA_WRITER_TOPIC"]
	if got := *services["consumer"].Environment["KAFKA_READER_TOPIC"]; got != topic {
		t.Errorf("the producer writes to %q, the consumer reads %q", topic, got)
	}
	if !slices.Contains(services["kafka"].HealthCheck.Test, topic) {
		t.Errorf("the health check of kafka makes another topic than %q", topic)
	}
}

// Producers that share an index leave targets unchecked, or check them twice. Seen to fail with the same index twice.
func TestProducersShareTheTargets(t *testing.T) {
	project := load(t, nil, composeFile, scaleFile)
	var indexes []string
	for name, s := range project.Services {
		if base, _, _ := strings.Cut(name, "-"); base == "producer" {
			env := environment(t, s)
			indexes = append(indexes, env["DISTRIBUTED_WORKERS_INDEX"])
			if env["DISTRIBUTED_WORKERS_ENABLED"] != "true" || env["DISTRIBUTED_WORKERS_TOTAL"] != "3" || s.GetScale() != 1 {
				t.Errorf("%s: %v, scale %d", name, env, s.GetScale())
			}
		}
	}
	slices.Sort(indexes)
	if !slices.Equal(indexes, []string{"0", "1", "2"}) {
		t.Errorf("the indexes are %v", indexes)
	}
	if consumer := project.Services["consumer"]; consumer.GetScale() < 2 {
		t.Errorf("%d consumers", consumer.GetScale())
	}
}

// The example must be a list that the program takes, at the place where it looks, and about nobody's sites but the
// project's own.
func TestExampleTargets(t *testing.T) {
	project := load(t, nil, composeFile)
	producer := project.Services["producer"]
	file := *producer.Environment["PROBE_TARGETS_FILE"]
	mount := producer.Volumes[0]
	if mount.Target != path.Dir(file) || !mount.ReadOnly {
		t.Errorf("%s is mounted at %s, read-only: %v; the program reads %s", mount.Source, mount.Target, mount.ReadOnly, file)
	}
	list := filepath.Join(mount.Source, path.Base(file))
	run(t, ".", nil, program(t), "targets", "validate", list)
	content, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	hosts := regexp.MustCompile(`(?m)^- url: [a-z]+://([^:/\s]+)`).FindAllStringSubmatch(string(content), -1)
	for _, m := range hosts {
		if _, is := project.Services[m[1]]; !is {
			t.Errorf("%s is no service of the project", m[1])
		}
	}
	if len(hosts) < 3 {
		t.Errorf("only %d targets", len(hosts))
	}
	if strings.Contains(string(content), "icmp://") && producer.Sysctls["net.ipv4.ping_group_range"] != "0 2147483647" {
		t.Error("there is an icmp target, and the sysctl that permits it is not set")
	}
}

// read is a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
