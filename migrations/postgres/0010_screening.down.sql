DROP TABLE screening_rule_sets;
