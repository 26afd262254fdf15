package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/transport/transporttest"
)

// verdict is what the suite for RoundTrippers says of a peer.
type verdict struct {
	Peer   string   `json:"peer"`
	Rules  int      `json:"rules"`
	Broken []string `json:"broken"`
}

// judge holds a peer to the rules.
func judge(ctx context.Context, p peer) (verdict, []transporttest.Finding) {
	findings := transporttest.Check(ctx, transporttest.Target{New: p.wrap, Retries: true, Patience: 3 * time.Second})
	v := verdict{Peer: p.name, Rules: len(findings), Broken: []string{}}
	for _, f := range findings {
		if len(f.Broken) > 0 {
			v.Broken = append(v.Broken, f.Rule)
		}
	}
	return v, findings
}

// printFindings judges one peer, and tells everything.
func printFindings(ctx context.Context, w io.Writer, name string) error {
	i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
	if i < 0 {
		return fmt.Errorf("there is no peer %q", name)
	}
	_, findings := judge(ctx, peers[i])
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(findings)
}

// ruleText is a rule in words.
type ruleText struct{ name, says string }

// texts are those of the rules; one over HTTP/2 is the same rule.
func texts(findings []transporttest.Finding) (all []ruleText) {
	for _, f := range findings {
		if f.Rule == overAny(f.Rule) {
			all = append(all, ruleText{f.Rule, f.Says})
		}
	}
	return all
}

// judged are the peers that the rules are for: those that call themselves RoundTrippers,
// and heimdall's client, which does not and is used as one all the same.
func judged() []peer {
	return slices.DeleteFunc(slices.Clone(peers), func(p peer) bool {
		return !slices.Contains([]string{ours, retryable, failsafe, heimdall}, p.name)
	})
}

// breaks reports whether a rule is broken, over whatever protocol.
func (v verdict) breaks(rule string) bool {
	return slices.ContainsFunc(v.Broken, func(broken string) bool { return overAny(broken) == rule })
}

// overAny is the name of a rule without its protocol.
func overAny(rule string) string { return strings.TrimPrefix(rule, "HTTP2/") }
