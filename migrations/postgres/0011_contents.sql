-- How often an answer was removed, less how often it was given back: above none, it earns nothing.
CREATE TABLE strength_points_withheld (
    response UUID   NOT NULL,
    removals BIGINT NOT NULL,
    CONSTRAINT strength_points_withheld_response PRIMARY KEY (response)
);
