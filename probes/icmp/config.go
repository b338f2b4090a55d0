package icmp

import (
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// Config is what the environment says about ICMP checks. It is in force where a target says nothing.
type Config struct {
	probes.NetworkConfig
	Count setting.Count `envconfig:"PROBE_ICMP_COUNT" default:"1" desc:"echo requests a check, 100 ms apart; up when at least one is answered, unless max_loss says otherwise"`
}

// Validate returns setting.Mistakes that name the variables, or nil.
func (c Config) Validate() error {
	var ms setting.Mistakes
	ms.Join("", c.NetworkConfig.Validate())
	if _, err := targets.ParsePacketCount(c.Count.String()); err != nil {
		ms.Add("PROBE_ICMP_COUNT", c.Count.String(), err)
	}
	return ms.Err()
}
