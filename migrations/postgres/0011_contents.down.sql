DROP TABLE strength_points_withheld;
