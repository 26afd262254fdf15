package otelprom

import (
	_ "embed"
	"slices"
)

var (
	//go:embed dashboard.json
	dashboard []byte
	//go:embed rules.yaml
	rules []byte
)

// Dashboard returns a dashboard for Grafana 10 or newer, in JSON. It asks for a data source of
// the kind Prometheus, and for the services to show, when it is opened.
func Dashboard() []byte { return slices.Clone(dashboard) }

// Rules returns rules for Prometheus, in YAML, to be named in its rule_files.
func Rules() []byte { return slices.Clone(rules) }
