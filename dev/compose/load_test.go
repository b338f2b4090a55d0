package compose

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.uber.org/goleak"
)

// scratch is a folder that all tests share.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "uptimer-compose-"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(scratch)
		os.Exit(code)
	}))
}

const repository = "../.."

// load reads compose files of the repository as `docker compose` does, with nothing in its environment but env: that the
// schema takes them is checked by loading.
func load(t *testing.T, env map[string]string, files ...string) *types.Project {
	t.Helper()
	folder, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	details := types.ConfigDetails{WorkingDir: folder, Environment: env}
	for _, name := range files {
		path := filepath.Join(folder, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: path, Content: content})
	}
	project, err := loader.LoadWithContext(t.Context(), details, func(o *loader.Options) { o.SetProjectName("uptimer", true) })
	if err != nil {
		t.Fatal(err)
	}
	return project
}
