package transporttest

// RuleNames are those of all rules for the target.
func RuleNames(target Target) (names []string) {
	for _, r := range target.rules() {
		names = append(names, r.name)
	}
	return names
}
