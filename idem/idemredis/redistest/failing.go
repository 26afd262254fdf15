package redistest

// failing is what a method without an error tells that it could not do what it promises.
type failing interface {
	Helper()
	Fatal(args ...any)
}

// noTest is for servers that were opened without a test.
type noTest struct{}

func (noTest) Helper() {}

func (noTest) Fatal(args ...any) { panic(args[0]) }
