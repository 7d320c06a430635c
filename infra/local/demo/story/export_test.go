package story

// Before has f called before each step.
func (o *Options) Before(f func(step int)) { o.before = f }
