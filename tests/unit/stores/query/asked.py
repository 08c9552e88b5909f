"""Queries as people and models write them, for SQLite; every database must understand them alike."""

from __future__ import annotations

LIKE_SQLITE = (
    "SELECT x.name + 1 FROM (SELECT category, COUNT(*) AS name FROM tracklets GROUP BY category) x WHERE x.name > 2 "
    "ORDER BY 1",
    "SELECT COUNT(*) FROM (SELECT CASE WHEN seconds > 5 THEN 'long' ELSE 'short' END AS seconds FROM videos) "
    "WHERE seconds = 'long'",
    "(SELECT name FROM videos ORDER BY name);",
    "SELECT name FROM videos WHERE seconds > '5' AND width IN ('640') AND seconds BETWEEN '1' AND 60.5 ORDER BY name",
    "SELECT name FROM videos WHERE has_audio = 1 ORDER BY name",
    "SELECT name FROM videos WHERE has_audio ORDER BY name",
    "SELECT name FROM videos WHERE NOT has_audio OR searchable = TRUE ORDER BY name",
    "SELECT name FROM videos WHERE has_audio IS TRUE AND orientation = 'Landscape' ORDER BY 1",
    "SELECT category, COUNT(*) n FROM tracklets GROUP BY category HAVING n > 1 ORDER BY n DESC, category",
    "SELECT category, ROUND(AVG(size), 3), ROUND(SUM(speed), 2) FROM tracklets GROUP BY 1 ORDER BY 1",
    "SELECT GROUP_CONCAT(category, ', ') FROM (SELECT DISTINCT category FROM tracklets WHERE motion = 'left')",
    "SELECT IIF(seconds > 5, 'long', 'short') AS kind, COUNT(*) FROM videos GROUP BY kind",
    "SELECT CASE WHEN has_audio THEN 'sound' ELSE 'none' END s, COUNT(*) FROM videos GROUP BY s",
    "SELECT SUM(category = 'dog'), SUM(category LIKE 'CAR'), AVG(motion = 'still') > 0.1 FROM tracklets",
    "SELECT category, first_seen FROM tracklets ORDER BY speed, category, first_seen, size LIMIT 3",
    "SELECT MAX(a.first_seen, b.first_seen) FROM tracklets a JOIN tracklets b ON a.video_id = b.video_id "
    "WHERE a.category = 'dog' AND b.category = 'person' ORDER BY 1",
    "SELECT COUNT(*) * 1.0 / (SELECT COUNT(*) FROM videos) FROM tracklets",
    "SELECT COUNT(*) / 0 FROM tracklets",
    "SELECT text FROM transcript WHERE text LIKE '%école%'",
    "SELECT text FROM transcript WHERE text LIKE '%電腦%'",
    "SELECT text FROM transcript WHERE text LIKE '%100!%%' ESCAPE '!'",
    "SELECT text FROM transcript WHERE text LIKE '%e\\_t%'",
    "SELECT text FROM transcript WHERE text LIKE '%e_t%' ORDER BY 1",
    "SELECT text FROM transcript WHERE LOWER(text) LIKE '%dog%' AND INSTR(text, 'dog') > 0",
    "SELECT text || ' (' || language || ')' FROM transcript ORDER BY start_seconds LIMIT 2",
    "SELECT SUBSTR(text, 1, 4), LENGTH(text), UPPER(language) FROM transcript ORDER BY start_seconds",
    "SELECT CAST(first_seen AS INTEGER), CAST(confidence AS TEXT) FROM tracklets ORDER BY 1, 2",
    "SELECT tag, decision, origin FROM tags ORDER BY tag, decision",
    "SELECT v.name, t.tag FROM videos v LEFT JOIN tags t ON t.video_id = v.video_id AND t.decision = 'accepted' "
    "ORDER BY 1, 2",
    "SELECT category, LAG(first_seen) OVER (PARTITION BY video_id ORDER BY first_seen, category, size) l "
    "FROM tracklets WHERE category = 'person' ORDER BY first_seen, size, l",
    "SELECT EXISTS (SELECT 1 FROM tracklets WHERE category = 'zebra') AS there",
    "SELECT evidence_id FROM transcript UNION ALL SELECT evidence_id FROM screen_text ORDER BY 1",
    "SELECT category FROM tracklets EXCEPT SELECT 'dog' ORDER BY 1",
    "WITH d AS (SELECT * FROM tracklets WHERE category = 'dog'), stage_runs AS (SELECT video_id, COUNT(*) n "
    "FROM d GROUP BY video_id) SELECT v.name, s.n FROM stage_runs s JOIN videos v USING (video_id)",
    'SELECT "name", [seconds] FROM `videos` ORDER BY 1 -- comment \' \n',
    "SELECT COUNT(*) FROM tracklets WHERE appearance = 'it''s \\ \"x\" %s :a ? $1'",
    "SELECT 'a\\b%' FROM videos LIMIT 1",
    "SELECT COUNT(DISTINCT category_zh) FROM tracklets WHERE category_zh <> '狗'",
    "SELECT COUNT(*) FROM tracklets WHERE category NOT IN ('Dog', '人', 'person') AND category NOT LIKE 'HOT%'",
    "SELECT video_id, COUNT(*) FROM scenes GROUP BY video_id ORDER BY COUNT(*) DESC",
    "SELECT keyframe_seconds FROM clips",
    "SELECT name FROM videos WHERE (SELECT COUNT(*) FROM tracklets t WHERE t.video_id = videos.video_id) >= 5 "
    "ORDER BY name",
)
