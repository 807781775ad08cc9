module keshi/holder

go 1.25.0
