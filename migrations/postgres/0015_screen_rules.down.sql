DROP TABLE screen_rules;
